"""A Resolver that answers from a table, as fast as it is asked."""

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

from agentpost_server.ports.resolver import MailExchanger, ResolverError

DOWN = "down"


class ZoneResolver:
    """`zone[("example.com", "TXT")] = [b"…"]`; a value of DOWN cannot be learnt. `asked` is every question in order."""

    def __init__(self, zone: dict[tuple[str, str], Any] | None = None) -> None:
        self.zone: dict[tuple[str, str], Any] = dict(zone or {})
        self.asked: list[tuple[str, str]] = []
        self.before: Callable[[str, str], Any] | None = None

    def publish(self, name: str, *texts: str) -> None:
        self.zone[name, "TXT"] = [text.encode() for text in texts]

    async def txt(self, name: str, *, fresh: bool = False) -> list[bytes]:
        return await self._ask(name, "TXT")

    async def mx(self, name: str, *, fresh: bool = False) -> list[MailExchanger]:
        return await self._ask(name, "MX")

    async def ipv4(self, name: str) -> list[str]:
        return await self._ask(name, "A")

    async def ipv6(self, name: str) -> list[str]:
        return await self._ask(name, "AAAA")

    async def cname(self, name: str, *, fresh: bool = False) -> list[str]:
        return await self._ask(name, "CNAME")

    async def ptr(self, address: str) -> list[str]:
        return await self._ask(ip_address(address).reverse_pointer, "PTR")

    async def _ask(self, name: str, kind: str) -> Any:
        name = name.lower().removesuffix(".")
        self.asked.append((name, kind))
        if self.before is not None:
            await self.before(name, kind)
        found: Sequence[Any] | str = self.zone.get((name, kind), [])
        if found == DOWN or (name, "*") in self.zone:
            raise ResolverError("no answer")
        return list(found)
