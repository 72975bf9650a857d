"""Several workers on one port: the supervisor binds the sockets, starts the workers with them, and keeps them running.

A shared listening socket, not SO_REUSEPORT: what waits in the queue of a worker that dies is served by another.
"""

import asyncio
import os
import shutil
import socket
import sys
import tempfile
import time
from typing import Final

import structlog
from prometheus_client.multiprocess import mark_process_dead  # pyright: ignore[reportUnknownVariableType]

from agentpost_server.cli.stopping import Stop

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_STEADY_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 40.0
log = structlog.get_logger("supervisor")


async def supervise(
    workers: int, roles: tuple[str, ...], http: socket.socket, smtp: socket.socket | None, stop: Stop
) -> None:
    """Returns when stop was asked and every worker has drained and ended."""
    numbers = tempfile.mkdtemp(prefix="agentpost-metrics-")
    command = _command(roles, http, smtp)
    descriptors = [one.fileno() for one in (http, smtp) if one is not None]
    slots = [asyncio.create_task(_keep(command, descriptors, numbers, stop)) for _ in range(workers)]
    try:
        await asyncio.gather(*slots)
    finally:
        for slot in slots:
            slot.cancel()
        await asyncio.gather(*slots, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, numbers, ignore_errors=True)


def _command(roles: tuple[str, ...], http: socket.socket, smtp: socket.socket | None) -> list[str]:
    command = [sys.executable, "-m", "agentpost_server.cli", "serve", "--roles", ",".join(roles)]
    command += ["--http-fd", str(http.fileno())]
    return command if smtp is None else [*command, "--smtp-fd", str(smtp.fileno())]


async def _keep(command: list[str], descriptors: list[int], numbers: str, stop: Stop) -> None:
    """One worker's place: filled again, with back-off, whenever it falls empty before the stop."""
    pause = _FIRST_PAUSE
    while not stop.asked.is_set():
        began = time.monotonic()
        worker = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,  # its end of file tells the worker that we are gone
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": numbers},
            pass_fds=descriptors,
            start_new_session=True,  # Ctrl-C comes to us alone
        )
        try:
            ended = await stop.unless_asked(worker.wait())
        finally:
            await _end(worker, stop)
        mark_process_dead(worker.pid, numbers)
        if not ended:
            return
        pause = _FIRST_PAUSE if time.monotonic() - began > _STEADY_SECONDS else min(pause * 2, _LONGEST_PAUSE)
        log.error("a worker died", pid=worker.pid, exit_code=worker.returncode, again_in_seconds=pause)
        await stop.unless_asked(asyncio.sleep(pause))


async def _end(worker: asyncio.subprocess.Process, stop: Stop) -> None:
    """Drain it, hurry it when we are hurried, and at last kill it."""
    if worker.returncode is not None:
        return
    worker.terminate()
    if await stop.unless_hurried(_gone(worker, _STOP_SECONDS)) and worker.returncode is not None:
        return
    if worker.returncode is None:
        worker.terminate()
        await _gone(worker, 5)
    if worker.returncode is None:
        worker.kill()
        await worker.wait()


async def _gone(worker: asyncio.subprocess.Process, seconds: float) -> None:
    await asyncio.wait([asyncio.ensure_future(worker.wait())], timeout=seconds)
