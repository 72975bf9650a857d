"""The loop of a worker over leased messages: claim, hand out, acknowledge; at rest it waits without polling."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from agentpost._core.body import part
from agentpost._core.errors import Conflict, NotFound
from agentpost._core.exchange import Call, Flow, exchange

if TYPE_CHECKING:
    from agentpost._core.resource import AgentPostBase, AsyncAgentPostBase
    from agentpost._generated.asked import FiltersParam
    from agentpost.types import Lease, Message

_RETRIES: Final = 8
_REST_SECONDS: Final = 20
"""How long a worker rests at most: leases that ran out ring no bell."""
log = logging.getLogger("agentpost")


class _AnyWork:
    def __init__(
        self,
        client: Any,
        inbox_id: str,
        lease_seconds: int,
        filters: FiltersParam | None,
        environment: str | None,
        *,
        until_empty: bool,
    ) -> None:
        self._client = client
        self._inbox = part(inbox_id)
        self._lease_seconds = lease_seconds
        self._filters = filters
        self._environment = environment or client.settings.environment
        self._until_empty = until_empty
        self.lease: Lease | None = None
        """The lease of the message at hand."""

    def _next(self) -> Flow[Message | None]:
        yield from self._settle("ack", {})
        while True:
            self.lease = yield from self._claim()
            if self.lease is None and not self._until_empty:
                self.lease = yield from self._rest_or_claim()
            if self.lease is not None:
                return self.lease.message
            if self._until_empty:
                return None

    def _claim(self) -> Flow[Lease | None]:
        body = {"limit": 1, "lease_seconds": self._lease_seconds, "filters": self._filters}
        claimed, _ = yield from self._call("POST", f"/inboxes/{self._inbox}/messages/claim", "Claim", body)
        return claimed.data[0] if claimed.data else None

    def _rest_or_claim(self) -> Flow[Lease | None]:
        """Rests until mail comes. The wait is armed before the last look, so that none falls between."""
        deadline = datetime.now(UTC) + timedelta(seconds=_REST_SECONDS + 5)
        body = {"exclusive": False, "deadline": deadline}
        wait, _ = yield from self._call("POST", f"/inboxes/{self._inbox}/waits", "Wait", body)
        if (lease := (yield from self._claim())) is not None:
            return lease
        yield from self._call("GET", f"/waits/{part(wait.id)}", "Wait", None, query={"timeout": _REST_SECONDS})
        return None

    def _settle(self, verb: str, body: dict[str, Any]) -> Flow[None]:
        lease, self.lease = self.lease, None
        if lease is None:
            return
        try:
            yield from self._call("POST", f"/leases/{part(lease.lease_id)}/{verb}", "Lease", body)
        except (Conflict, NotFound):
            # Too slow: the message is, or was, somebody else's. It is not ours to tell again.
            log.warning("the lease of %s was lost before it was settled: lease it for longer", lease.message.id)

    def _extend(self, seconds: int) -> Flow[None]:
        if self.lease is not None:
            path = f"/leases/{part(self.lease.lease_id)}/extend"
            yield from self._call("POST", path, "Lease", {"lease_seconds": seconds})

    def _call(
        self, http: str, path: str, answer: str, body: dict[str, Any] | None, query: dict[str, Any] | None = None
    ) -> Flow[tuple[Any, Any]]:
        call = Call(
            http, path, answer, query=query, body=body, environment=self._environment, idempotent=body is not None
        )
        return exchange(call, timeout=self._client.settings.timeout, retries=_RETRIES)


class Work(_AnyWork):
    """The loop: `for message in work`. As a context manager it gives back what was left unfinished."""

    _client: AgentPostBase

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Message:
        if (message := self._client.run(self._next())) is None:
            raise StopIteration
        return message

    def extend(self, seconds: int) -> None:
        """Holds the message at hand for so many seconds from now."""
        self._client.run(self._extend(seconds))

    def release(self, delay_seconds: int = 0) -> None:
        """Gives the message at hand back: it will be handed out again, to anyone, after `delay_seconds`."""
        self._client.run(self._settle("release", {"delay_seconds": delay_seconds}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: Any, at: Any) -> None:
        self.release()


class AsyncWork(_AnyWork):
    """The same loop, with `async for` and `async with`."""

    _client: AsyncAgentPostBase

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        if (message := await self._client.run(self._next())) is None:
            raise StopAsyncIteration
        return message

    async def extend(self, seconds: int) -> None:
        """Holds the message at hand for so many seconds from now."""
        await self._client.run(self._extend(seconds))

    async def release(self, delay_seconds: int = 0) -> None:
        """Gives the message at hand back: it will be handed out again, to anyone, after `delay_seconds`."""
        await self._client.run(self._settle("release", {"delay_seconds": delay_seconds}))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: Any, error: Any, at: Any) -> None:
        await self.release()
