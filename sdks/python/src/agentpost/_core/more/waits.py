"""Waiting for a mail: a wait is armed, then long-polled until it ends. Lost connections are taken up again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from agentpost._core.body import part
from agentpost._core.errors import WaitTimedOut
from agentpost._core.exchange import Call, Flow, exchange
from agentpost._generated.async_calls.waits import AsyncWaits as _AsyncWaits
from agentpost._generated.calls.waits import Waits as _Waits

if TYPE_CHECKING:
    from agentpost.types import Wait

LONGEST_POLL: Final = 50
_RETRIES: Final = 8
"""A wait outlives a restart of the server: it is asked for again, for about half a minute."""


class Waits(_Waits):
    def join(self, wait_id: str, *, timeout: float = 60.0, environment: str | None = None) -> Wait:
        """The wait once a mail has matched. Raises WaitTimedOut after `timeout` seconds, or when it ends without."""
        return self._client.run(joined(wait_id, timeout, environment or self._client.settings.environment))


class AsyncWaits(_AsyncWaits):
    async def join(self, wait_id: str, *, timeout: float = 60.0, environment: str | None = None) -> Wait:  # noqa: ASYNC109
        """The wait once a mail has matched. Raises WaitTimedOut after `timeout` seconds, or when it ends without."""
        return await self._client.run(joined(wait_id, timeout, environment or self._client.settings.environment))


def joined(wait_id: str, timeout: float, environment: str | None) -> Flow[Wait]:
    until = time.monotonic() + timeout
    while True:
        left = max(until - time.monotonic(), 0.0)
        seconds = min(int(left) + 1, LONGEST_POLL)
        wait: Any
        wait, _ = yield from exchange(
            Call("GET", f"/waits/{part(wait_id)}", "Wait", query={"timeout": seconds}, environment=environment),
            timeout=left + 15.0,
            retries=_RETRIES,
        )
        if wait.status == "matched":
            return wait
        if wait.status != "armed" or time.monotonic() >= until:
            raise WaitTimedOut(wait_id, wait.status)
