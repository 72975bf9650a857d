"""Runs a PostgreSQL for as long as a given process lives. Prints its URL on the first line.

fsync stays on: what is tested is what runs.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path

from agentpost_server.providers.postgres import EmbeddedPostgres


async def main(owner: int, folder: Path) -> None:
    postgres = await EmbeddedPostgres.start(folder / "postgres", password="tests", settings={"max_connections": "300"})
    print(postgres.dsn, flush=True)
    try:
        while _lives(owner):  # noqa: ASYNC110 nobody tells us of the end of a process that is not our child
            await asyncio.sleep(0.5)
    finally:
        await postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
