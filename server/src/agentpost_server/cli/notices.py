"""`notices`: the newest of the product's own mails, written anew. On a machine that sends nothing outside this is where
an approval's link is read; whoever may read the secret key may read them.
"""

import argparse

import msgspec

from agentpost_server import notices, settings
from agentpost_server.app import NOTICES
from agentpost_server.cli import logs, secret_key
from agentpost_server.cli.data_folder import DataFolder, data_path
from agentpost_server.cli.database import open_database
from agentpost_server.cli.output import say
from agentpost_server.core.secrets import Keyring
from agentpost_server.db import Database


class _Desk(msgspec.Struct, frozen=True):
    database: Database
    keyring: Keyring
    public_url: str


async def run(options: argparse.Namespace) -> int:
    chosen = settings.load()
    logs.set_up("error", chosen.log_format)
    folder = DataFolder(data_path(options.data or chosen.data_dir))
    status = None if chosen.database_url else folder.status()
    url = chosen.public_url or (status.api_url.removesuffix("/api/v1") if status is not None else "")
    async with open_database(chosen, options.data) as database:
        keyring = secret_key.keyring_of(chosen.secret_key or folder.secret())
        found = await notices.newest(_Desk(database, keyring, url), NOTICES, options.last)
    for one in reversed(found):
        say(f"{one.at}  to {one.email}  {one.status}{f': {one.detail}' if one.detail else ''}")
        if one.letter is not None:
            say(f"Subject: {one.letter.subject}\n\n{one.letter.text}")
    return 0
