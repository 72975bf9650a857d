"""So many mails at once to one domain and so many in all, and the lines that each domain keeps for its next mail."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from agentpost_server.providers.direct.model import DirectSettings
from agentpost_server.providers.smtp.idle import IdleLines

_KEPT: Final = 256


class _Domain:
    def __init__(self, settings: DirectSettings, domain: str) -> None:
        self.free = asyncio.Semaphore(settings.lines_per_domain)
        self.idle = IdleLines(settings.line_to(domain, "none"))
        self.users = 0


class Domains:
    """The domains with mail under way, or a line that is still kept."""

    def __init__(self, settings: DirectSettings) -> None:
        self._settings = settings
        self._free = asyncio.Semaphore(settings.lines)
        self._domains: dict[str, _Domain] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncGenerator[IdleLines]:
        """Wait for a place, and hold it. The domain's own first: who waits for a slow one holds nobody else up."""
        domain = self._domains.setdefault(name, _Domain(self._settings, name))
        domain.users += 1
        try:
            async with domain.free, self._free:
                yield domain.idle
        finally:
            domain.users -= 1
            self._forget()

    async def close(self) -> None:
        await asyncio.gather(*(domain.idle.close() for domain in self._domains.values()))

    def _forget(self) -> None:
        if len(self._domains) > _KEPT:
            self._domains = {name: one for name, one in self._domains.items() if one.users or one.idle}
