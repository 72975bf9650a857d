"""`migrate`: bring the database up to date, and nothing else."""

import argparse

from agentpost_server import settings
from agentpost_server.cli import logs, secret_key
from agentpost_server.cli.database import failures_told
from agentpost_server.cli.output import say
from agentpost_server.db.migrate import migrate
from agentpost_server.settings import SettingsError


async def run(options: argparse.Namespace) -> int:
    del options
    chosen = settings.load()
    logs.set_up(chosen.log_level, chosen.log_format)
    if not chosen.database_url:
        raise SettingsError("AGENTPOST_DATABASE_URL is not set: `migrate` needs it. `up` migrates its own database.")
    if not chosen.secret_key:
        raise SettingsError("AGENTPOST_SECRET_KEY is not set: the passwords of the database's roles come from it.")
    with failures_told():
        ran = await migrate(chosen.database_url, secret_key.keyring_of(chosen.secret_key).password)
    say("\n".join(f"ran {name}" for name in ran) if ran else "The database is up to date.")
    return 0
