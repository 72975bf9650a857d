"""DNS on behalf of one mail: every answer before one deadline, and a bound on what an answer may hold."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from agentpost_server.ports.resolver import MailExchanger, Resolver, ResolverError

T = TypeVar("T")

BUDGET_SECONDS: Final = 5.0
RECORD_OCTETS: Final = 64 * 1024
_RECORDS: Final = 100
_AT_ONCE: Final = 10


class Lookups:
    """A Resolver whose time ends: what is still open then raises ResolverError, as a silent server does."""

    def __init__(self, resolver: Resolver, seconds: float = BUDGET_SECONDS) -> None:
        self._resolver = resolver
        self._end = asyncio.get_running_loop().time() + seconds
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def txt(self, name: str) -> list[bytes]:
        """No name has more, or longer, records than a DNS message carries; longer ones are cut, and so mean nothing."""
        return [one[: RECORD_OCTETS + 1] for one in (await self._in_time(self._resolver.txt(name)))[:_RECORDS]]

    async def mx(self, name: str) -> list[MailExchanger]:
        return (await self._in_time(self._resolver.mx(name)))[:_RECORDS]

    async def addresses(self, name: str, version: int) -> list[str]:
        ask = self._resolver.ipv4 if version == 4 else self._resolver.ipv6
        return (await self._in_time(ask(name)))[:_RECORDS]

    async def ptr(self, address: str) -> list[str]:
        return (await self._in_time(self._resolver.ptr(address)))[:_RECORDS]

    async def _in_time(self, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout_at(self._end), self._turns:
                return await answer
        except TimeoutError as error:
            raise ResolverError("The time for one mail's look-ups is over") from error
