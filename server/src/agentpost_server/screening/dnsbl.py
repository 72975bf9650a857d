"""The operator's DNS blocklists (RFC 5782): is the client's address listed? What is not told in time is not known.

Asked through the system's resolver, which knows the operator's name servers, in threads of its own: lists that are
down must hold up nothing else.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import Final

from agentpost_server.mail.address import AddressError, parse_domain
from agentpost_server.screening.model import Factor
from agentpost_server.screening.patience import Patience
from agentpost_server.settings import SettingsError

LookUp = Callable[[str], Awaitable[Sequence[str]]]
"""The IPv4 addresses of a name, none when there is no such name; OSError when that could not be learnt."""

WEIGHT: Final = 3.0
TOTAL_SECONDS: Final = 2.0
_KEPT_SECONDS: Final = 600.0
_KEPT: Final = 20_000
_LISTED: Final = IPv4Network("127.0.0.0/8")
# What lists answer whoever may not ask them (a public resolver, too many questions).
_REFUSED: Final = IPv4Network("127.255.255.0/24")
_NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_LOOKUPS: Final = ThreadPoolExecutor(max_workers=8, thread_name_prefix="dnsbl")


async def look_up(name: str) -> list[str]:
    """`LookUp` by the system; the dot at the end keeps its search domains out."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(
            _LOOKUPS, lambda: socket.getaddrinfo(f"{name}.", None, family=socket.AF_INET, type=socket.SOCK_STREAM)
        )
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_NAME:
            return []
        raise
    return [str(one[4][0]) for one in found]


def read_zones(text: str) -> tuple[str, ...]:
    """The setting's zones. Raises SettingsError."""
    try:
        return tuple(parse_domain(part.strip()) for part in text.split(",") if part.strip())
    except AddressError as error:
        raise SettingsError(f"AGENTPOST_SPAM_DNSBL {error}.") from error


def question(client_ip: str, zone: str) -> str | None:
    """`192.0.2.99` at `bl.example` -> `99.2.0.192.bl.example`; None for what is no public address."""
    try:
        address = ip_address(client_ip)
    except ValueError:
        return None
    mapped = address if isinstance(address, IPv4Address) else address.ipv4_mapped
    address = mapped or address
    return f"{address.reverse_pointer.rsplit('.', 2)[0]}.{zone}" if address.is_global else None


class Blocklists:
    """Answers are kept for ten minutes: those who send much are asked about once."""

    def __init__(self, zones: Sequence[str], ask: LookUp = look_up) -> None:
        self._zones = zones
        self._ask = ask
        self._patience = Patience("dnsbl")
        self._known: dict[str, tuple[float, bool]] = {}

    async def factors(self, client_ips: set[str]) -> dict[str, list[Factor]]:
        """By address, within two seconds for all of them."""
        named = {ip: [(zone, name) for zone in self._zones if (name := question(ip, zone))] for ip in client_ips}
        now = asyncio.get_running_loop().time()
        new = {name for pairs in named.values() for _, name in pairs if self._known.get(name, (0.0, False))[0] <= now}
        if new and self._patience.lasts():
            tasks = [asyncio.create_task(self._learn(name)) for name in new]
            try:
                _, late = await asyncio.wait(tasks, timeout=TOTAL_SECONDS)
                if late:
                    self._patience.failed("no answer in time")
            finally:
                for task in tasks:
                    task.cancel()
        return {
            ip: [Factor("dnsbl", WEIGHT, zone) for zone, name in pairs if self._known.get(name, (0.0, False))[1]]
            for ip, pairs in named.items()
        }

    async def _learn(self, name: str) -> None:
        self._known.pop(name, None)
        try:
            answers = [IPv4Address(one) for one in await self._ask(name)]
        except (OSError, ValueError) as error:
            return self._patience.failed(type(error).__name__)
        if any(one in _REFUSED for one in answers):
            return self._patience.failed("the list refuses to answer")
        self._patience.answered()
        if len(self._known) >= _KEPT:
            del self._known[next(iter(self._known))]
        expires = asyncio.get_running_loop().time() + _KEPT_SECONDS
        self._known[name] = (expires, any(one in _LISTED for one in answers))
        return None
