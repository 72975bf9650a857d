"""PostgreSQL: there, new enough, flushing what it commits, migrated, its roles bound by row-level security."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from agentpost_server.cli.doctor import store
from agentpost_server.cli.doctor.installation import Installation
from agentpost_server.cli.doctor.model import SECONDS, Finding, failed, not_checked, ok, warning
from agentpost_server.core.secrets import Keyring
from agentpost_server.db.database import dsn_as
from agentpost_server.db.migrate import MigrationError, migrations, refuse_old_server, refuse_unsafe_settings
from agentpost_server.db.roles import LOGIN_ROLES, ROLES

_REFUSED = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)


async def database(one: Installation) -> list[Finding]:
    keyring = one.keyring()
    if keyring is None:
        return [not_checked("database", "Without a secret key its passwords are not known.")]
    dsn = one.administrator(keyring)
    if dsn is None:
        found = f"The database of `up` runs only while `up` does, and it does not run on {one.folder.path}."
        return [not_checked("database", found, "Start it: agentpost-server up")]
    try:
        async with _connected(dsn) as connection:
            return await _look(one, connection, keyring, dsn)
    except _REFUSED as error:
        found = f"The database at {_place(dsn)} cannot be used: {_said(error)}."
        return [failed("database", found, "Start PostgreSQL, or correct AGENTPOST_DATABASE_URL.")]


async def _look(one: Installation, connection: Any, keyring: Keyring, dsn: str) -> list[Finding]:
    version = connection.get_server_version()
    try:
        await refuse_old_server(connection)
    except MigrationError as error:
        return [failed("database", str(error), "Upgrade PostgreSQL to 16 or newer.")]
    began = time.time()
    theirs = await store.clock(connection)
    one.clocks["the database"] = theirs - (began + time.time()) / 2
    durable, roles = await _roles(connection, keyring, dsn)
    return [
        ok("database", f"PostgreSQL {version.major}.{version.minor} answers at {_place(dsn)}."),
        durable,
        roles,
        _migrations(await store.ran(connection)),
        await _room(one, connection),
    ]


async def _roles(administrator: Any, keyring: Keyring, dsn: str) -> tuple[Finding, Finding]:
    """Durability as each login has it (a role may have settings of its own), and the roles."""
    present = await store.roles(administrator)
    unsafe = await _unsafe(administrator)
    wrong = ""
    if missing := [role for role in ROLES if role not in present]:
        wrong = f"{', '.join(missing)} are not there."
    elif above := [role for role in ROLES if present[role]]:
        wrong = f"{', '.join(above)} may pass by row-level security: tenants are not kept apart."
    else:
        for role in LOGIN_ROLES:
            try:
                async with _connected(dsn_as(dsn, role, keyring.password(role))) as connection:
                    unsafe = unsafe or await _unsafe(connection)
            except _REFUSED as error:
                wrong = wrong or f"{role} cannot log in: {_said(error)}. Its password comes from the secret key."
    durable = (
        failed("database-durability", unsafe, "Set it to on in postgresql.conf, for the database and for the roles.")
        if unsafe
        else ok("database-durability", "fsync, full_page_writes and synchronous_commit are on.")
    )
    fix = "Run `agentpost-server migrate` with the secret key that this database was set up with."
    if wrong:
        return durable, failed("database-roles", wrong, fix)
    return durable, ok("database-roles", "All four are there, and none is above row-level security.")


async def _unsafe(connection: Any) -> str:
    try:
        await refuse_unsafe_settings(connection)
    except MigrationError as error:
        return str(error)
    return ""


def _migrations(ran: dict[int, tuple[str, str]] | None) -> Finding:
    known = {each.number: each for each in migrations()}
    run = "Run `agentpost-server migrate`; `up` and `serve` do it at their start."
    if ran is None:
        return failed("migrations", "None has run: the database is empty.", run)
    if missing := [each.name for number, each in known.items() if number not in ran]:
        return failed("migrations", f"Not run: {', '.join(missing)}.", run)
    if newer := [name for number, (name, _) in ran.items() if number not in known]:
        found = f"The database has {', '.join(newer)}, which this version does not know: a newer one migrated it."
        return failed("migrations", found, "Install that version here too.")
    if changed := [each.name for number, each in known.items() if ran[number][1] != each.digest]:
        found = f"{', '.join(changed)} ran here with another text: `up` and `serve` will not start."
        return failed("migrations", found, "Install the version that this database was made with.")
    return ok("migrations", f"All {len(known)} have run.")


async def _room(one: Installation, connection: Any) -> Finding:
    have, need = await store.room(connection), 2 * one.settings.database_connections + 2
    if have >= need:
        return ok("database-connections", f"It takes {have}; each process of ours may open {need}.")
    return warning(
        "database-connections",
        f"It takes {have}, and one process of ours may open {need}.",
        "Raise max_connections of PostgreSQL, or lower AGENTPOST_DATABASE_CONNECTIONS.",
    )


@asynccontextmanager
async def _connected(dsn: str) -> AsyncGenerator[Any]:
    connection: Any = await asyncpg.connect(dsn, timeout=SECONDS, command_timeout=SECONDS)
    try:
        yield connection
    finally:
        connection.terminate()


def _place(dsn: str) -> str:
    """Host and database, without the login."""
    parts = urlsplit(dsn)
    return parts.netloc.rpartition("@")[2] + parts.path if parts.netloc.rpartition("@")[2] else "its own socket"


def _said(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
