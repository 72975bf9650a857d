"""What the doctor asks of PostgreSQL itself; any login may ask it."""

from typing import Any

from agentpost_server.db.roles import ROLES


async def roles(connection: Any) -> dict[str, bool]:
    """Those of our roles that are there, each with whether it is above row-level security."""
    rows = await connection.fetch(
        "SELECT rolname, rolsuper OR rolbypassrls AS above FROM pg_roles WHERE rolname = ANY($1)", list(ROLES)
    )
    return {row["rolname"]: row["above"] for row in rows}


async def ran(connection: Any) -> dict[int, tuple[str, str]] | None:
    """Name and digest of each migration that has run, by number; None where none has."""
    if await connection.fetchval("SELECT to_regclass('agentpost.migrations') IS NULL"):
        return None
    rows = await connection.fetch("SELECT number, name, digest FROM agentpost.migrations")
    return {row["number"]: (row["name"], row["digest"]) for row in rows}


async def clock(connection: Any) -> float:
    return float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())"))


async def room(connection: Any) -> int:
    """Connections that ordinary logins may have."""
    return await connection.fetchval(
        """SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
             - current_setting('reserved_connections')::int"""
    )
