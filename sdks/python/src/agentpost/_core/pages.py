"""Pages of a list, and the walk over all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from agentpost._core.model import Answer, decode

if TYPE_CHECKING:
    from agentpost._core.exchange import Call
    from agentpost._core.resource import AgentPostBase, AsyncAgentPostBase

T = TypeVar("T")


class _AnyPage(Generic[T]):
    def __init__(self, call: Call, parsed: Any, answer: Answer) -> None:
        self._call = call
        self.data: list[T] = [decode(call.answer, each) for each in parsed["data"]]
        self.next_page_token: str | None = parsed.get("next_page_token")
        self.raw: dict[str, Any] = parsed
        """The page as it came."""
        self.answer = answer

    def has_next_page(self) -> bool:
        return self.next_page_token is not None

    def _next(self) -> Call:
        return replace(self._call, query={**(self._call.query or {}), "page_token": self.next_page_token})


class Page(_AnyPage[T]):
    """One page; iterating goes on over the next ones, fetched as they are needed."""

    def __init__(self, client: AgentPostBase, call: Call, parsed: Any, answer: Answer) -> None:
        super().__init__(call, parsed, answer)
        self._client = client

    def get_next_page(self) -> Page[T] | None:
        return self._client.page(self._next()) if self.has_next_page() else None

    def __iter__(self) -> Iterator[T]:
        page: Page[T] | None = self
        while page is not None:
            yield from page.data
            page = page.get_next_page()


class AsyncPage(_AnyPage[T]):
    """One page; `async for` goes on over the next ones, fetched as they are needed."""

    def __init__(self, client: AsyncAgentPostBase, call: Call, parsed: Any, answer: Answer) -> None:
        super().__init__(call, parsed, answer)
        self._client = client

    async def get_next_page(self) -> AsyncPage[T] | None:
        return await self._client.page(self._next()) if self.has_next_page() else None

    async def __aiter__(self) -> AsyncIterator[T]:
        page: AsyncPage[T] | None = self
        while page is not None:
            for each in page.data:
                yield each
            page = await page.get_next_page()


class AsyncPages(Generic[T]):
    """A list that was not asked for yet: `await` it for its first page, or `async for` over all of it."""

    def __init__(self, client: AsyncAgentPostBase, call: Call) -> None:
        self._client = client
        self._call = call

    def __await__(self) -> Generator[Any, None, AsyncPage[T]]:
        return self._client.page(self._call).__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for each in await self:
            yield each
