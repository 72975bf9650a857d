"""How commands at the machine reach the database: the one that a setting names, or the one of the `up` that runs."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import quote

import asyncpg

from agentpost_server.cli import secret_key
from agentpost_server.cli.data_folder import DataFolder, data_path
from agentpost_server.cli.output import CommandFailed
from agentpost_server.core.errors import Problem
from agentpost_server.db import Database
from agentpost_server.db.migrate import MigrationError
from agentpost_server.settings import Settings, SettingsError


@asynccontextmanager
async def open_database(chosen: Settings, data: str | None) -> AsyncGenerator[Database]:
    folder = DataFolder(data_path(data or chosen.data_dir))
    dsn, secret = (chosen.database_url, chosen.secret_key) if chosen.database_url else _of_up(chosen, folder)
    if not secret:
        raise SettingsError("AGENTPOST_SECRET_KEY is not set: the passwords of the database's roles come from it.")
    with failures_told():
        database = await Database.open(dsn, secret_key.keyring_of(secret).password, size=1)
        try:
            yield database
        finally:
            await database.close()


def _of_up(chosen: Settings, folder: DataFolder) -> tuple[str, str]:
    status = folder.status()
    if status is None or status.database_socket is None:
        raise CommandFailed(
            f"AgentPost does not run on {folder.path}. Start it with `agentpost-server up`, or set"
            " AGENTPOST_DATABASE_URL."
        )
    dsn = f"postgresql:///postgres?host={quote(status.database_socket, safe='')}&port=5432"
    return dsn, chosen.secret_key or folder.secret()


@contextmanager
def failures_told() -> Generator[None]:
    """What a database can refuse, as one sentence."""
    try:
        yield
    except MigrationError as error:
        raise CommandFailed(str(error)) from error
    except asyncpg.InvalidPasswordError as error:
        raise CommandFailed(
            "The database does not take the password: AGENTPOST_SECRET_KEY is not the one it was set up with, or"
            " AGENTPOST_DATABASE_URL names a wrong one."
        ) from error
    except Problem as problem:
        raise CommandFailed(f"{problem.detail} {problem.fix}") from problem
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise CommandFailed(
            f"The database cannot be used: {str(error).splitlines()[0] if str(error) else type(error).__name__}."
        ) from error
