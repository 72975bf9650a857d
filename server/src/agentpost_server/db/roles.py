"""The four roles. Owner owns and serves nothing; api and worker log in and are bound by row-level security; router owns
the closed list of functions that may look across tenants."""

from collections.abc import Callable
from typing import Any

LOGIN_ROLES = ("agentpost_api", "agentpost_worker")
ROLES = ("agentpost_owner", "agentpost_router", *LOGIN_ROLES)


async def ensure_roles(connection: Any, password_of: Callable[[str], str]) -> None:
    """Make what is missing, set the derived passwords, give the schemas to their owners. Idempotent.

    Needs a login that may create roles. Roles are the cluster's: two AgentPosts in one cluster share the secret key.
    """
    for role in ROLES:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role):
            login = "LOGIN" if role in LOGIN_ROLES else "NOLOGIN"
            await connection.execute(f"CREATE ROLE {role} {login} NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS")
    for role in LOGIN_ROLES:
        literal = await connection.fetchval("SELECT quote_literal($1::text)", password_of(role))
        await connection.execute(f"ALTER ROLE {role} PASSWORD {literal}")
    await connection.execute(
        "GRANT agentpost_owner, agentpost_router TO CURRENT_USER; GRANT agentpost_router TO agentpost_owner;"
    )
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    await connection.execute(
        f"""
        CREATE SCHEMA IF NOT EXISTS agentpost AUTHORIZATION agentpost_owner;
        CREATE SCHEMA IF NOT EXISTS router AUTHORIZATION agentpost_router;
        GRANT USAGE ON SCHEMA agentpost TO agentpost_api, agentpost_worker, agentpost_router;
        GRANT USAGE ON SCHEMA router TO agentpost_api, agentpost_worker, agentpost_owner;
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;
        GRANT CONNECT ON DATABASE {database} TO agentpost_api, agentpost_worker;
        ALTER DEFAULT PRIVILEGES FOR ROLE agentpost_owner, agentpost_router REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        """
    )
