"""One process of the server from its first service to its last: start, serve, drain."""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

import structlog

from agentpost_server.app import Process
from agentpost_server.cli.stopping import Stop
from agentpost_server.web.server import EdgeServer, make_server

_GRACE_SECONDS: Final = 15
_HURRIED_SECONDS: Final = 3
log = structlog.get_logger("start")


async def serve_until_stopped(
    process: Process, listener: socket.socket, stop: Stop, on_ready: Callable[[], None]
) -> None:
    """Returns when everything is drained. `on_ready` is called once the process answers."""
    http = make_server(process.http_application(), drain_seconds=_GRACE_SECONDS)
    serving: list[asyncio.Task[None]] = []
    try:
        if await stop.unless_asked(_start(process, http, listener, serving)):
            on_ready()
            await _asked_or_ended(stop, serving[0])
    finally:
        process.health.drain()
        if not await stop.unless_hurried(_drain(process, http, serving, _GRACE_SECONDS)):
            log.warning("hurried: what still runs is cut")
            http.force_exit = True
            await asyncio.wait([asyncio.ensure_future(_drain(process, http, serving, 0))], timeout=_HURRIED_SECONDS)


async def _start(
    process: Process, http: EdgeServer, listener: socket.socket, serving: list[asyncio.Task[None]]
) -> None:
    await process.start()
    serving.append(asyncio.create_task(http.serve(sockets=[listener]), name="http"))
    while not http.started:
        if serving[0].done():
            serving[0].result()
        await asyncio.sleep(0.005)


async def _asked_or_ended(stop: Stop, serving: asyncio.Task[None]) -> None:
    asked = asyncio.ensure_future(stop.asked.wait())
    await asyncio.wait({asked, serving}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()


async def _drain(process: Process, http: EdgeServer, serving: list[asyncio.Task[None]], grace_seconds: float) -> None:
    """HTTP and SMTP stop accepting at once and finish side by side; lanes finish what they have claimed."""
    http.should_exit = True
    await asyncio.gather(*(asyncio.shield(one) for one in serving), process.close(grace_seconds))
