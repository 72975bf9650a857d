"""A worker in its own process: `worker_child.py DATABASE_URL DATA_FOLDER`. Says when it works; works until killed."""

import asyncio
import sys
from pathlib import Path

import harness


async def main(url: str, folder: str) -> None:
    harness._folders[url] = Path(folder)
    async with harness.running_server(url, ("worker",)):
        print("works", flush=True)
        await asyncio.sleep(120)


asyncio.run(main(sys.argv[1], sys.argv[2]))
