"""Migrations: numbered SQL files, each in a transaction of its own, all under one advisory lock.

A file that has run is remembered with the hash of its text: an edited one stops the start, because nobody could say
which of the two texts the database has.
"""

import functools
import hashlib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import structlog

from agentpost_server.db.database import Database
from agentpost_server.db.roles import ensure_roles

_LOCK = 0x4147_504F  # one migration at a time in a database
log = structlog.get_logger("migrate")


class Migration(NamedTuple):
    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationError(Exception):
    """The database and this version of AgentPost do not fit together; the message says how."""


def migrations() -> list[Migration]:
    """All of them, in order. They lie in the wheel beside this package, in a checkout in server/migrations."""
    found = [
        Migration(int(path.name[:4]), path.name, path.read_text(encoding="utf-8"))
        for path in sorted(_folder().glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]
    if len({one.number for one in found}) != len(found):
        raise MigrationError("two migrations have the same number")
    return found


known_migrations = functools.cache(migrations)
"""The files of this version; read once, as they do not change under a running process."""


def _folder() -> Path:
    packaged = Path(str(resources.files("agentpost_server"))) / "migrations"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "migrations"


async def migrate(dsn: str, password_of: Callable[[str], str]) -> list[str]:
    """Bring the database at `dsn` (an administrative login) up to date. Answers the names of what ran."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await refuse_old_server(connection)
        await refuse_unsafe_settings(connection)
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await ensure_roles(connection, password_of)
        return await _run_missing(connection)
    finally:
        await connection.close()


async def pending(dsn: str) -> list[str]:
    """Names of the migrations that have not run. `dsn` may be any of our roles."""
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        done = await _done(connection)
    finally:
        await connection.close()
    return [one.name for one in migrations() if one.number not in done]


async def not_run(database: Database) -> list[str]:
    """The same over the serving pool: what `/readyz` asks every other second."""
    rows = await database.route("SELECT number FROM agentpost.migrations")
    done = {row["number"] for row in rows}
    return [one.name for one in known_migrations() if one.number not in done]


async def refuse_old_server(connection: Any) -> None:
    version = connection.get_server_version()
    if version.major < 16:
        raise MigrationError(
            f"PostgreSQL {version.major} is too old: AgentPost needs 16 or newer. "
            "Point AGENTPOST_DATABASE_URL at a newer one."
        )


async def refuse_unsafe_settings(connection: Any) -> None:
    """A `250` promises that the mail survives a power cut: PostgreSQL must flush what it commits."""
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        value: str = await connection.fetchval("SELECT current_setting($1)", name)
        if value in ("off", "local") and not (name == "synchronous_commit" and value == "local"):
            raise MigrationError(
                f"PostgreSQL runs with {name} = {value}: accepted mail could be lost in a power cut. "
                f"Set {name} = on in postgresql.conf (or for the database and roles) and start again."
            )


async def _run_missing(connection: Any) -> list[str]:
    await connection.execute("SET ROLE agentpost_owner; SET search_path = agentpost")
    await connection.execute(
        """CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL, digest text NOT NULL,
           ran_at timestamptz NOT NULL DEFAULT now());
           GRANT SELECT ON migrations TO agentpost_api, agentpost_worker"""
    )
    done = await _done(connection)
    ran: list[str] = []
    for one in migrations():
        if one.number in done:
            if done[one.number] != one.digest:
                raise MigrationError(f"{one.name} was changed after it ran here. Restore its text; write a new one.")
            continue
        async with connection.transaction():
            await connection.execute(one.sql)
            await connection.execute(
                "INSERT INTO migrations (number, name, digest) VALUES ($1, $2, $3)", one.number, one.name, one.digest
            )
        log.info("migration ran", name=one.name)
        ran.append(one.name)
    await connection.execute("RESET ROLE")
    return ran


async def _done(connection: Any) -> dict[int, str]:
    if await connection.fetchval("SELECT to_regclass('agentpost.migrations') IS NULL"):
        return {}
    return {row["number"]: row["digest"] for row in await connection.fetch("SELECT * FROM agentpost.migrations")}
