"""How `direct` delivers: who we are, where we may go, how many at once, how long. Times in seconds."""

from typing import Literal

import msgspec

from agentpost_server.core.networks import Address, Network
from agentpost_server.ports.transport import Outcome
from agentpost_server.providers.smtp.relay import SmtpRelay, TlsMode


class DirectSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`opportunistic`: STARTTLS where it is offered, no certificate asked for, and one more try in clear where the
    handshake fails (RFC 7435). `required`: STARTTLS or nothing; certificates are not asked for then either."""

    hostname: str
    """Our name in EHLO. Where an MX record names it, or an address of it, the mail would come back to us."""
    other_names: frozenset[str] = frozenset()
    """Further names that lead to us."""
    port: int = 25
    tls: Literal["opportunistic", "required"] = "opportunistic"
    allow: tuple[Network, ...] = ()
    """Networks that may be reached although they are not public."""
    lines_per_domain: int = 2
    lines: int = 100
    """Mails under way at once, over all domains: as many as mail-out has places, or slow domains held up others."""
    max_hosts: int = 5
    addresses_per_host: int = 2
    tcp_seconds: float = 10
    greeting_seconds: float = 60
    command_seconds: float = 100
    reply_seconds: float = 240
    total_seconds: float = 300
    idle_seconds: float = 5
    max_octets: int = 41_943_040

    @property
    def own_names(self) -> frozenset[str]:
        return frozenset(name.lower().rstrip(".") for name in (self.hostname, *self.other_names))

    def line_to(self, host: str, tls: TlsMode) -> SmtpRelay:
        """The manners of one line to one host."""
        return SmtpRelay(
            host=host,
            port=self.port,
            tls=tls,
            local_hostname=self.hostname,
            idle_seconds=self.idle_seconds,
            connect_seconds=self.greeting_seconds,
            command_seconds=self.command_seconds,
            reply_seconds=self.reply_seconds,
            total_seconds=self.total_seconds,
        )


class Host(msgspec.Struct, frozen=True):
    """A mail exchanger and the addresses to try it at, in order: judged, and at most so many."""

    name: str
    addresses: tuple[Address, ...]


class UndeliverableError(Exception):
    """No host of the domain takes the mail now, or ever: `outcome` says which and why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


class LeadsHereError(UndeliverableError):
    """The domain's best mail exchanger is this server."""
