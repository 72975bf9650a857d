"""A publisher in a process of its own, for tests that kill it: `publisher_child.py URL`."""

import asyncio
import sys

from agentpost_server.db import Database
from agentpost_server.events import Publisher
from agentpost_server.providers.postgres_bus import PostgresBus
from harness import KEYRING


async def main(url: str) -> None:
    database = await Database.open(url, KEYRING.password, size=2)
    bus = PostgresBus(database.dsn)
    await bus.start()
    await Publisher(database, bus, look_seconds=0.01).start()
    print("publishing", flush=True)
    await asyncio.sleep(60)


asyncio.run(main(sys.argv[1]))
