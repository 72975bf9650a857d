"""Where a relay is, how to greet it, and how long to wait for it. Times in seconds; limits follow RFC 5321 4.5.3.2."""

import ipaddress
from typing import Literal

import msgspec

TlsMode = Literal["starttls", "tls", "opportunistic", "none"]


class SmtpRelay(msgspec.Struct, frozen=True, kw_only=True):
    """One server to send to. `starttls` is demanded, never merely hoped for; `opportunistic` takes it where it is
    offered (RFC 7435). What a certificate must be is the business of the TLS context; the default one verifies.

    Raises ValueError for a password that would travel unencrypted to another machine.
    """

    host: str
    port: int = 587
    username: str | None = None
    password: str | None = None
    tls: TlsMode = "starttls"
    local_hostname: str = "localhost"
    max_connections: int = 10
    max_mails_per_connection: int = 100
    idle_seconds: float = 20
    probe_after_seconds: float = 1
    connect_seconds: float = 20
    command_seconds: float = 60
    reply_seconds: float = 240
    total_seconds: float = 300
    max_recipients: int = 50
    max_octets: int = 40 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.password is not None and self.tls in ("none", "opportunistic") and not _is_loopback(self.host):
            raise ValueError("a relay password is sent only over TLS: set tls to starttls or tls")

    def __repr__(self) -> str:
        return f"SmtpRelay(host={self.host!r}, port={self.port}, tls={self.tls!r})"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
