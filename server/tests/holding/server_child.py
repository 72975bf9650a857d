"""A server in its own process: `server_child.py DATABASE_URL DATA_FOLDER`. Says its URL; serves until it is killed."""

import asyncio
import sys
from pathlib import Path

import harness


async def main(url: str, folder: str) -> None:
    harness._folders[url] = Path(folder)
    async with harness.running_server(url, ("api",)) as server:
        print(server.url, flush=True)
        await asyncio.sleep(120)


asyncio.run(main(sys.argv[1], sys.argv[2]))
