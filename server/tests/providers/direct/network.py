"""An internet of the test's own: a resolver that knows what it is told, and public addresses that are scripted peers.

Nothing of it leaves the machine: the connector hands out lines to loopback ports, and notes what it was asked for.
"""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from agentpost_server.core.networks import Address
from agentpost_server.ports.resolver import MailExchanger, ResolverError
from agentpost_server.ports.transport import OutgoingEnvelope, Receipt
from agentpost_server.providers.direct import DirectSettings, DirectTransport
from providers.scripted_peer import ScriptedPeer

T = TypeVar("T")
SILENT = "silent"
"""An address where nobody answers."""


@dataclass
class Network:
    """`mx`, `a` and `aaaa` by name; None is an answer that cannot be had. `peers` by address."""

    mx: dict[str, list[tuple[int, str]] | None] = field(default_factory=dict[str, list[tuple[int, str]] | None])
    a: dict[str, list[str] | None] = field(default_factory=dict[str, list[str] | None])
    aaaa: dict[str, list[str] | None] = field(default_factory=dict[str, list[str] | None])
    peers: dict[str, ScriptedPeer | str | int] = field(default_factory=dict[str, ScriptedPeer | str | int])
    connected: list[str] = field(default_factory=list[str])
    opened: list[DirectTransport] = field(default_factory=list[DirectTransport])

    def host(self, name: str, address: str, peer: ScriptedPeer | str | int) -> None:
        """A host by one address; `peer` may be SILENT or the errno of connecting."""
        (self.aaaa if ":" in address else self.a).setdefault(name, [])
        known = (self.aaaa if ":" in address else self.a)[name]
        assert known is not None
        known.append(address)
        self.peers[address] = peer

    def domain(self, name: str, *peers: ScriptedPeer | str | int) -> None:
        """A domain with one exchanger a peer, the first preferred."""
        self.mx[name] = [(10 * n, f"mx{n}.{name}") for n in range(len(peers))]
        for n, peer in enumerate(peers):
            self.host(f"mx{n}.{name}", f"8.8.{len(self.mx)}.{n + 1}", peer)

    def transport(
        self, *, home: Callable[[OutgoingEnvelope, bytes], Awaitable[Receipt]] | None = None, **settings: object
    ) -> DirectTransport:
        fields: dict[str, object] = {"hostname": "mail.us.test", "tcp_seconds": 0.3, "greeting_seconds": 5}
        fields |= {"command_seconds": 5, "reply_seconds": 5, "total_seconds": 20} | settings
        wanted = DirectSettings(**fields)  # pyright: ignore[reportArgumentType]
        self.opened.append(DirectTransport(StubResolver(self), wanted, home=home, connector=self.connect))
        return self.opened[-1]

    async def connect(self, address: Address, port: int, /) -> socket.socket:
        self.connected.append(str(address))
        peer = self.peers.get(str(address), errno.EHOSTUNREACH)
        if isinstance(peer, int):
            raise OSError(peer, "no way there")
        if isinstance(peer, str):
            await asyncio.sleep(60)
            raise TimeoutError
        assert port == 25
        sock = socket.socket()
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", peer.port))
        return sock


class StubResolver:
    """Answers out of a Network."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def mx(self, name: str, *, fresh: bool = False) -> list[MailExchanger]:
        return sorted(MailExchanger(*record) for record in _answer(self._network.mx, name))

    async def ipv4(self, name: str) -> list[str]:
        return list(_answer(self._network.a, name))

    async def ipv6(self, name: str) -> list[str]:
        return list(_answer(self._network.aaaa, name))

    async def txt(self, name: str, *, fresh: bool = False) -> list[bytes]:
        raise NotImplementedError

    async def cname(self, name: str, *, fresh: bool = False) -> list[str]:
        raise NotImplementedError

    async def ptr(self, address: str) -> list[str]:
        raise NotImplementedError


def _answer(known: dict[str, list[T] | None], name: str) -> list[T]:
    found = known.get(name, [])
    if found is None:
        raise ResolverError(f"No answer for {name} in time")
    return found
