"""The real program as a child of the test: started by its command, watched through its own output and status."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psutil

COMMAND = (sys.executable, "-m", "agentpost_server.cli")
_KEPT = ("PATH", "LANG", "PYTHONPATH", "TMPDIR", "COVERAGE_PROCESS_START")


def environment(**settings: str) -> dict[str, str]:
    """No setting of whoever runs the tests."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "HOME": tempfile.gettempdir(), **settings}


class Program:
    """A running `agentpost-server`."""

    def __init__(self, process: asyncio.subprocess.Process, data: Path, output: Path) -> None:
        self.process = process
        self.data = data
        self._output = output

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def said(self) -> str:
        return (self._output / "said").read_text()

    @property
    def log(self) -> str:
        return (self._output / "log").read_text()

    @property
    def status(self) -> dict[str, Any]:
        return json.loads((self.data / "status.json").read_bytes())

    @property
    def keys(self) -> dict[str, str]:
        return json.loads((self.data / "keys.json").read_bytes())

    @property
    def url(self) -> str:
        return self.status["api_url"].removesuffix("/api/v1")

    @property
    def smtp_port(self) -> int:
        return self.status["smtp_port"]

    @property
    def postmaster_pid(self) -> int:
        return int((self.data / "postgres/data/postmaster.pid").read_text().split("\n", 1)[0])

    def http(self, **options: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.keys['live_key']}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20, trust_env=False, **options)

    async def ready(self, seconds: float = 60) -> None:
        await until(lambda: self._is_ready() or self.process.returncode is not None, seconds)
        assert self.process.returncode is None, self.log + self.said

    def _is_ready(self) -> bool:
        # A killed one leaves its status behind.
        return (self.data / "status.json").exists() and self.status["pid"] == self.pid

    async def stop(self, number: int = signal.SIGTERM, seconds: float = 40) -> int:
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), seconds)


@asynccontextmanager
async def running(
    *arguments: str, data: Path, output: Path, prefix: tuple[str, ...] = COMMAND, **settings: str
) -> AsyncGenerator[Program]:
    """The command, from its start to its end; not waited for to be ready."""
    output.mkdir(exist_ok=True, parents=True)  # noqa: ASYNC240 a test may wait for its disk
    with (output / "said").open("wb") as said, (output / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *prefix, *arguments, stdout=said, stderr=log, env=environment(**settings), cwd=output
        )
    program = Program(process, data, output)
    try:
        yield program
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 40)
            except TimeoutError:
                process.kill()
                await process.wait()


@asynccontextmanager
async def up(data: Path, *arguments: str, **options: Any) -> AsyncGenerator[Program]:
    """`up` on any free ports, ready."""
    output = options.pop("output", data.with_name(data.name + "-output"))
    free = () if any(one.startswith("--http-port") for one in arguments) else ("--http-port", "0", "--smtp-port", "0")
    async with running("up", "--data", str(data), *free, *arguments, data=data, output=output, **options) as program:
        await program.ready()
        yield program


async def command(*arguments: str, **settings: str) -> tuple[int, str, str]:
    """Run to the end: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(**settings),
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


async def until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def family(pid: int) -> list[int]:
    """The process and all that it started."""
    return [pid, *(one.pid for one in psutil.Process(pid).children(recursive=True))]


def all_gone(pids: list[int]) -> bool:
    def gone(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return all(map(gone, pids))
