"""Who is connected: how many in all and how many of each network (an IPv4 /24, an IPv6 /64), and the open sessions."""

import ipaddress
from typing import Protocol

from agentpost_server.inbound.smtp.limits import SmtpLimits


class Watched(Protocol):
    """A session as its server sees it: it has a deadline in loop time, and ends when told."""

    deadline: float

    def expire(self, now: float) -> None: ...

    def drain(self) -> None: ...

    def cut(self) -> None: ...

    def abort(self) -> None: ...


class Connections:
    """Admission by count. `admit` and `leave` are paired by the session."""

    def __init__(self, limits: SmtpLimits) -> None:
        self._limits = limits
        self._by_network: dict[str, int] = {}
        self.sessions: set[Watched] = set()

    def admit(self, session: Watched, network: str) -> bool:
        """False when the house or this network is full."""
        held = self._by_network.get(network, 0)
        if held >= self._limits.max_connections_per_network or len(self.sessions) >= self._limits.max_connections:
            return False
        self._by_network[network] = held + 1
        self.sessions.add(session)
        return True

    def leave(self, session: Watched, network: str) -> None:
        self.sessions.discard(session)
        held = self._by_network.get(network, 0)
        if held > 1:
            self._by_network[network] = held - 1
        else:
            self._by_network.pop(network, None)


def network_of(client_ip: str) -> str:
    """The key that connections are counted by: `"192.0.2"`, or the /64 of an IPv6 address."""
    if ":" not in client_ip:
        return client_ip.rpartition(".")[0]
    try:
        packed = ipaddress.IPv6Address(client_ip.partition("%")[0]).packed
    except ValueError:
        return client_ip
    return packed[:8].hex()


def plain_ip(address: object) -> str:
    """The address of a socket name, without an IPv4-mapped prefix; "" for a socket that has none."""
    if not isinstance(address, tuple) or not address:
        return ""
    return str(address[0]).removeprefix("::ffff:")  # pyright: ignore[reportUnknownArgumentType]
