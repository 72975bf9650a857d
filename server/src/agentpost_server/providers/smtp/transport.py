"""The MailTransport of an SMTP relay: one total deadline, no exception, an outcome for every recipient."""

import asyncio
import re
import ssl
from typing import Final

from aiosmtplib import SMTPException, SMTPResponseException

from agentpost_server.ports.transport import Outcome, OutgoingEnvelope, Receipt, TransportLimits, all_recipients
from agentpost_server.providers.smtp.connection import LINE_ERRORS
from agentpost_server.providers.smtp.dialogue import Progress, StaleConnection, transact
from agentpost_server.providers.smtp.pool import ConnectionPool
from agentpost_server.providers.smtp.relay import SmtpRelay

# What would end the path or the command line early.
_UNSAFE_PATH: Final = re.compile(r"[\x00-\x20\x7f-\x9f<>\u2028\u2029\ud800-\udfff]")


class SmtpTransport:
    """Sends through one relay. Safe for many sends at a time; more than `max_connections` wait for a free line."""

    def __init__(self, relay: SmtpRelay, *, name: str = "smtp", tls_context: ssl.SSLContext | None = None) -> None:
        self._relay = relay
        self._name = name
        self._pool = ConnectionPool(relay, tls_context)

    @property
    def name(self) -> str:
        return self._name

    @property
    def limits(self) -> TransportLimits:
        return TransportLimits(max_recipients=self._relay.max_recipients, max_octets=self._relay.max_octets)

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        """Hand the mail over within `total_seconds`. Never raises for what the network or the relay did.

        A cancelled send drops its line; whether the mail was taken is then as unknown as after a lost reply.
        """
        refusal = _refusal(envelope, raw, self._relay.max_octets)
        if refusal is not None:
            return all_recipients(envelope, refusal)
        progress = Progress()
        try:
            async with asyncio.timeout(self._relay.total_seconds):
                await self._attempt(envelope, raw, progress)
        except LINE_ERRORS as error:
            progress.broken(envelope, _reason(error))
        return progress.receipt()

    async def close(self) -> None:
        await self._pool.close()

    async def _attempt(self, envelope: OutgoingEnvelope, raw: bytes, progress: Progress) -> None:
        try:
            await self._over(envelope, raw, progress, fresh=False)
        except StaleConnection:
            # Nothing about this mail was answered on the dead line, so a second try cannot send it twice.
            await self._over(envelope, raw, progress, fresh=True)

    async def _over(self, envelope: OutgoingEnvelope, raw: bytes, progress: Progress, *, fresh: bool) -> None:
        connection = await self._pool.acquire(fresh=fresh)
        try:
            await transact(connection, self._relay, envelope, raw, progress)
        except BaseException:
            self._pool.discard(connection)
            raise
        self._pool.release(connection)


def _refusal(envelope: OutgoingEnvelope, raw: bytes, max_octets: int) -> Outcome | None:
    """Why this may not go on any wire, or None. Lone CR or LF would let content pose as commands at some relays."""
    if any(_UNSAFE_PATH.search(path) for path in (envelope.mail_from, *envelope.recipients)):
        return Outcome(
            status="refused", enhanced_code="5.1.3", detail="An address has characters no SMTP path may hold"
        )
    if len(raw) > max_octets:
        detail = f"The mail has {len(raw)} octets; at most {max_octets} are sent"
        return Outcome(status="refused", enhanced_code="5.3.4", detail=detail)
    pairs = raw.count(b"\r\n")
    if raw.count(b"\r") != pairs or raw.count(b"\n") != pairs or b"\0" in raw:
        return Outcome(status="refused", enhanced_code="5.6.0", detail="The mail holds a lone CR or LF, or a NUL")
    return None


def _reason(error: BaseException) -> str:
    """One sentence for people: what happened to the line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The relay's certificate is not trusted: {error.verify_message}"
    if isinstance(error, SMTPResponseException):
        return f"The relay answered {error.code} {error.message}"
    if isinstance(error, SMTPException):
        return error.message
    if isinstance(error, TimeoutError):
        return str(error) or "The relay did not answer in time"
    return str(error) or type(error).__name__
