"""The long poll: a request that answers when its wait ends, else when its own time is over, and not a moment sooner.

No transaction and no connection of the database is held while it waits.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.mail.codes import find_codes
from agentpost_server.mail.codes.mail_lines import MOST_HTML, MOST_TEXT
from agentpost_server.runtime import Runtime
from agentpost_server.waits.model import Wait
from agentpost_server.waits.parking import Parking
from agentpost_server.waits.service import Seen, see


class Line:
    """The request's own end: its client went away, or the server stops. `over` rings the same bell as the wait."""

    def __init__(self, bell: asyncio.Event) -> None:
        self.over = False
        self._bell = bell

    def end(self) -> None:
        self.over = True
        self._bell.set()


async def poll(runtime: Runtime, parking: Parking, tenant: Scope, wait_id: UUID, request: Any, seconds: float) -> Wait:
    """The wait as it is when it has ended, or after so many seconds. Raises NotFound, also when it goes meanwhile."""
    if seconds <= 0:
        return await with_codes((await _see(runtime, tenant, wait_id)).wait)
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    # Parked and listening before the first look, so that neither the wait's end nor the server's is missed.
    with parking.park(tenant.organization_id, wait_id) as bell:
        async with _line(request, bell) as line:
            seen = await _see(runtime, tenant, wait_id)
            while seen.wait.status == "armed" and (left := until - loop.time()) > 0 and not line.over:
                rang = await _until(bell, min(left, max(seen.remaining, 0.001)))
                bell.clear()
                # A thousand whose time is over at once need no thousand reads: nothing was told since the last.
                if not line.over and (rang or seen.remaining <= left):
                    seen = await _see(runtime, tenant, wait_id)
    return await with_codes(seen.wait)


async def with_codes(wait: Wait) -> Wait:
    """What is found in its message, by the rules of today; in a thread, with no transaction open."""
    if (message := wait.message) is not None:
        text = message.text_body[:MOST_TEXT] if isinstance(message.text_body, str) else None
        html = message.html_body[:MOST_HTML] if isinstance(message.html_body, str) else None
        wait.codes = await asyncio.to_thread(find_codes, message.subject, text, html)
    return wait


async def _see(runtime: Runtime, tenant: Scope, wait_id: UUID) -> Seen:
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await see(tx, tenant, wait_id)


async def _until(bell: asyncio.Event, seconds: float) -> bool:
    """Whether it rang."""
    try:
        async with asyncio.timeout(seconds):
            await bell.wait()
    except TimeoutError:
        return False
    return True


@asynccontextmanager
async def _line(request: Any, bell: asyncio.Event) -> AsyncGenerator[Line]:
    """Listens for the end of the connection as long as the request waits."""
    line = Line(bell)
    request.scope["agentpost.on_shutdown"] = line.end
    listening = asyncio.create_task(_listen(request.receive, line))
    try:
        yield line
    finally:
        request.scope.pop("agentpost.on_shutdown", None)
        listening.cancel()


async def _listen(receive: Any, line: Line) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    line.end()
