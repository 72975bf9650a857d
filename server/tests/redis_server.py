"""A Redis of the tests' own on loopback, that can be stopped, frozen and started again on the same port."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

_PROGRAM = shutil.which("redis-server")
needs_redis = [
    pytest.mark.system,
    pytest.mark.skipif(_PROGRAM is None, reason="!!! redis-server is not installed: NO PROOF OF REDIS IN THIS RUN"),
]


class RedisServer:
    """Keeps nothing: after a start it is empty."""

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        self.port = port
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/3"

    async def start(self) -> None:
        assert _PROGRAM is not None
        words = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *self._options)
        self._process = await asyncio.to_thread(
            subprocess.Popen, [_PROGRAM, *words], cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        async with asyncio.timeout(20):
            while not await self._listens():  # noqa: ASYNC110 it is another process
                await asyncio.sleep(0.02)

    def freeze(self) -> None:
        """It keeps its connections and says nothing any more."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    async def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
            self._process = None

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    async def _listens(self) -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            return True
        return False


@asynccontextmanager
async def redis_server(folder: Path, *options: str) -> AsyncGenerator[RedisServer]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = RedisServer(folder, port, *options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
