"""Whose mail is checked, how much of that happens at once, and what the results make of a message.

Checks are made before any transaction: by ingest for a batch at a time, or by the SMTP door before its 250 where the
operator refuses forged mail. What a provider told is kept and completed: of DMARC it often says nothing.
"""

import asyncio
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Literal

import msgspec
import structlog

from agentpost_server.mail.authentication import UNCHECKED, Authentication
from agentpost_server.mail.parsed import ParsedMail
from agentpost_server.runtime import Runtime
from agentpost_server.screening.authentication import (
    US,
    Arrival,
    authenticate,
    fails_dmarc,
    is_unauthenticated,
    looks_replayed,
    trust_of,
)

log = structlog.get_logger("authentication")

_AT_ONCE: Final = 20
_PATIENCE_SECONDS: Final = 5.0
"""So long a client waits for a turn before its 250, and no longer: then ingest asks."""
_SHOWN: Final = tuple(one for one in UNCHECKED.__struct_fields__ if one not in ("aligned_by", "dkim_partial"))
_UNCHECKED: Final = {name: getattr(UNCHECKED, name) for name in _SHOWN}
_NOT_LEARNT: Final = Authentication(spf="temperror", dkim="temperror", dmarc="temperror", checked_by=US)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """How a message says what the checks made of it (SPEC 22)."""

    authentication: dict[str, object]
    trust: Literal["internal", "verified", "unverified", "failed"]
    flags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    is_held: bool = False


class Checks:
    """The checks of one process, no more than twenty mails at once."""

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.settings
        self._runtime = runtime
        self._mode = settings.mail_authentication
        self._sealers = frozenset(one.strip().lower() for one in settings.arc_sealers.split(",") if one.strip())
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def wants(self, source: str, client_ip: str | None, told: Authentication | None) -> bool:
        """Not mail of our own inboxes, nor what is checked already, or was rebuilt by its door and cannot be.

        `auto` leaves clients on loopback alone: a laptop must not wait for a name server.
        """
        if self._mode == "off" or source == "local" or (told is not None and told.checked_by in (None, US)):
            return False
        if self._mode == "on" or source != "smtp":
            return True
        address = _plain(client_ip)
        return address is not None and not address.is_loopback

    async def check(self, arrival: Arrival, raw: bytes) -> Authentication:
        """Within some five seconds of its turn; never raises."""
        async with self._turns:
            return await self._checked(arrival, raw)

    async def check_soon(self, arrival: Arrival, raw: bytes) -> Authentication | None:
        """None where the turns are taken by mail whose name servers are slow."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            return None
        try:
            return await self._checked(arrival, raw)
        finally:
            self._turns.release()

    async def _checked(self, arrival: Arrival, raw: bytes) -> Authentication:
        try:
            return await authenticate(self._runtime.resolver, arrival, raw, arc_sealers=self._sealers)
        except Exception:
            log.exception("a mail could not be authenticated")
            return arrival.told or _NOT_LEARNT

    def client_ip(self, source: str, client_ip: str | None) -> str | None:
        """The address to ask SPF about: only that of a client whom we saw, and not one inside somebody's network."""
        address = _plain(client_ip) if source == "smtp" else None
        return str(address) if address is not None and (self._mode == "on" or address.is_global) else None


def origin_of(result: Authentication | None, parsed: ParsedMail, recipients: tuple[str, ...], *, hold: bool) -> Origin:
    """`hold`: mail that fails DMARC waits for a person instead of only being labelled."""
    if result is None or result.checked_by is None:
        return Origin(authentication=shown(UNCHECKED), trust="unverified")
    suspect = looks_replayed(result, recipients, [one.email for one in (*parsed.to, *parsed.cc)])
    is_held = hold and fails_dmarc(result)
    labels = (("unauthenticated", is_unauthenticated(result)), ("held", is_held))
    return Origin(
        authentication=shown(result),
        trust=trust_of(result, suspect=suspect),
        flags=("dkim_replay_suspect",) if suspect else (),
        labels=tuple(name for name, holds in labels if holds),
        is_held=is_held,
    )


def shown(result: Authentication) -> dict[str, object]:
    """The results as the API, events and the trace of the raw mail have them."""
    if result is UNCHECKED:
        return dict(_UNCHECKED)
    return {name: getattr(result, name) for name in _SHOWN}


def _plain(client_ip: str | None) -> IPv4Address | IPv6Address | None:
    """A v4 client of a v6 socket is a v4 client."""
    try:
        address = ip_address(client_ip or "")
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
