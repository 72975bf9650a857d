"""What every group of methods and both clients are made of. The transports come with the first request."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from agentpost._core.body import OMIT, Omit, many, part
from agentpost._core.exchange import Attempt, Call, Flow, Pause, exchange
from agentpost._core.model import Answer

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPage, Page
    from agentpost._core.settings import Settings
    from agentpost._core.transport import AsyncTransport, Transport

__all__ = ["OMIT", "AgentPostBase", "AsyncAgentPostBase", "AsyncResource", "Omit", "Resource", "many", "part"]
T = TypeVar("T")
P = ParamSpec("P")


class AgentPostBase:
    """Does what flows ask for with blocking I/O."""

    settings: Settings
    transport: Transport

    def run(self, flow: Flow[T]) -> T:
        step = _Steps(flow)
        while (asked := step.next()) is not None:
            if isinstance(asked, Pause):
                time.sleep(asked.seconds)
                continue
            try:
                step.given = self.transport.attempt(asked)
            except Exception as broken:  # noqa: BLE001 - the flow decides what it means
                step.failure = broken
        return step.result

    def exchange(self, call: Call) -> tuple[Any, Answer]:
        return self.run(_flow_of(self.settings, call))

    def page(self, call: Call) -> Page[Any]:
        from agentpost._core.pages import Page

        return Page(self, call, *self.exchange(call))


class AsyncAgentPostBase:
    """Does the same on an event loop."""

    settings: Settings
    transport: AsyncTransport

    async def run(self, flow: Flow[T]) -> T:
        from asyncio import sleep

        step = _Steps(flow)
        while (asked := step.next()) is not None:
            if isinstance(asked, Pause):
                await sleep(asked.seconds)
                continue
            try:
                step.given = await self.transport.attempt(asked)
            except Exception as broken:  # noqa: BLE001 - the flow decides what it means
                step.failure = broken
        return step.result

    async def exchange(self, call: Call) -> tuple[Any, Answer]:
        return await self.run(_flow_of(self.settings, call))

    async def page(self, call: Call) -> AsyncPage[Any]:
        from agentpost._core.pages import AsyncPage

        return AsyncPage(self, call, *await self.exchange(call))


class _Steps(Generic[T]):
    """A flow under way: what it was given last, and what it asks for next."""

    result: T

    def __init__(self, flow: Flow[T]) -> None:
        self._flow: Generator[Attempt | Pause, Any, T] = flow
        self.given: Any = None
        self.failure: Exception | None = None

    def next(self) -> Attempt | Pause | None:
        """None when the flow is over; then `result` stands."""
        given, failure = self.given, self.failure
        self.given = self.failure = None
        try:
            return self._flow.send(given) if failure is None else self._flow.throw(failure)
        except StopIteration as done:
            self.result = done.value
            return None


def _flow_of(settings: Settings, call: Call) -> Flow[tuple[Any, Answer]]:
    call.environment = call.environment or settings.environment
    return exchange(call, timeout=settings.timeout, retries=settings.retries)


@dataclass(frozen=True, slots=True)
class RawResponse(Generic[T]):
    """What a call returned, and how its answer came."""

    value: T
    answer: Answer


class Resource:
    """A group of methods of `AgentPost`."""

    def __init__(self, client: AgentPostBase) -> None:
        self._client = client
        self._raw = False

    def _ask(self, http: str, path: str, answer: str, **given: Any) -> Any:
        value, how = self._client.exchange(Call(http, path, answer, **given))
        return RawResponse(value, how) if self._raw else value

    def _pages(self, http: str, path: str, answer: str, **given: Any) -> Any:
        page = self._client.page(Call(http, path, answer, paged=True, **given))
        return RawResponse(page, page.answer) if self._raw else page


class AsyncResource:
    """A group of methods of `AsyncAgentPost`."""

    def __init__(self, client: AsyncAgentPostBase) -> None:
        self._client = client
        self._raw = False

    async def _ask(self, http: str, path: str, answer: str, **given: Any) -> Any:
        value, how = await self._client.exchange(Call(http, path, answer, **given))
        return RawResponse(value, how) if self._raw else value

    def _pages(self, http: str, path: str, answer: str, **given: Any) -> Any:
        from agentpost._core.pages import AsyncPages

        call = Call(http, path, answer, paged=True, **given)
        return self._raw_page(call) if self._raw else AsyncPages[Any](self._client, call)

    async def _raw_page(self, call: Call) -> RawResponse[AsyncPage[Any]]:
        page = await self._client.page(call)
        return RawResponse(page, page.answer)


@overload
def with_raw_response(  # pyright: ignore[reportOverlappingOverload] what can be awaited is the narrower case
    method: Callable[P, Awaitable[T]],
) -> Callable[P, Awaitable[RawResponse[T]]]: ...
@overload
def with_raw_response(method: Callable[P, T]) -> Callable[P, RawResponse[T]]: ...
def with_raw_response(method: Any) -> Any:
    """The same method, returning the answer's status and headers beside the value:
    `with_raw_response(client.messages.send)(inbox_id, to="a@b.example").answer.request_id`.
    """
    resource = method.__self__
    twin = type(resource)(resource._client)
    twin._raw = True
    return getattr(twin, method.__name__)
