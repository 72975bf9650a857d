"""The end of a process: everybody has the whole grace, and it is one grace for all."""

import asyncio
import time
from pathlib import Path

from agentpost_server.app import Process
from agentpost_server.opening import close_runtime, open_runtime
from agentpost_server.settings import load
from agentpost_server.work import Claimed, Lane
from databases import new_database
from harness import KEYRING


async def test_lanes_end_side_by_side_within_one_grace(postgres: str, tmp_path: Path) -> None:
    url = await new_database(postgres, "closing")
    runtime = await open_runtime(
        load({}, smtp_port=0), keyring=KEYRING, dsn=url, data_dir=tmp_path, public_url="http://localhost"
    )
    process = Process(runtime, ("api", "worker", "smtp"))
    ended: list[str] = []

    class Busy(Lane):
        """A lane in the middle of something."""

        async def start(self) -> None:
            self._running.add(asyncio.create_task(self._work()))

        async def _work(self) -> None:
            try:
                await asyncio.sleep(0.3 if self.name == "quick" else 60)
                ended.append(self.name)
            except asyncio.CancelledError:
                ended.append(f"{self.name} cut")
                raise

    async def nothing(_: list[Claimed]) -> None: ...

    process.services += [Busy(name, "t", nothing, database=runtime.database) for name in ("quick", "late", "later")]
    await process.start()
    began = time.monotonic()
    await process.close(1)
    assert time.monotonic() - began < 4
    assert ended == ["quick", "late cut", "later cut"]
    await close_runtime(runtime)
