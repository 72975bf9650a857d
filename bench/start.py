"""How long `agentpost-server up` takes until it is ready: on an empty folder, and on one that has data."""

import asyncio
import time
from pathlib import Path

from bench.postfix import free_port
from bench.server import program, wait_until_ready, workspace
from bench.table import ROUNDS, Row, bounded, median

_SECOND_SECONDS = 4


async def measure() -> list[Row]:
    first: list[float] = []
    second: list[float] = []
    for _ in range(ROUNDS):
        with workspace() as folder:
            first.append(await _start(folder))
            second.append(await _start(folder))
    return [
        bounded("first `up` until ready", median(first), unit="s", most=None),
        bounded("second `up` until ready", median(second), unit="s", most=_SECOND_SECONDS),
    ]


async def _start(folder: Path) -> float:
    http_port = free_port()
    arguments = ["up", "--data", str(folder / "data"), "--http-port", str(http_port), "--smtp-port", str(free_port())]
    began = time.monotonic()
    with program(arguments, {}, folder / "up.log") as process:
        await wait_until_ready(process, http_port, folder / "up.log")
        seconds = time.monotonic() - began
        await asyncio.sleep(0.2)
    return seconds
