"""The MailTransport of an SMTP relay: one total deadline, no exception, an outcome for every recipient."""

import asyncio
import ssl

import msgspec

from agentpost_server.ports.transport import OutgoingEnvelope, Receipt, TransportLimits, all_recipients
from agentpost_server.providers.smtp.connection import LINE_ERRORS, reason_of
from agentpost_server.providers.smtp.dialogue import SERVICE_CLOSING, Progress, StaleConnection, refusal, transact
from agentpost_server.providers.smtp.pool import ConnectionPool
from agentpost_server.providers.smtp.relay import SmtpRelay
from agentpost_server.providers.smtp.replies import OUR_FAULT


class SmtpTransport:
    """Sends through one relay. Safe for many sends at a time; more than `max_connections` wait for a free line."""

    def __init__(self, relay: SmtpRelay, *, name: str = "smtp", tls_context: ssl.SSLContext | None = None) -> None:
        self._relay = relay
        self._name = name
        self._pool = ConnectionPool(relay, tls_context)
        self._smtputf8 = True

    @property
    def name(self) -> str:
        return self._name

    @property
    def limits(self) -> TransportLimits:
        """`smtputf8` is what the relay offered last; before it was asked, the hope that it does."""
        return TransportLimits(
            max_recipients=self._relay.max_recipients, max_octets=self._relay.max_octets, smtputf8=self._smtputf8
        )

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        """Hand the mail over within `total_seconds`. Never raises for what the network or the relay did.

        A cancelled send drops its line; whether the mail was taken is then as unknown as after a lost reply.
        """
        if (never := refusal(envelope, raw, self._relay.max_octets)) is not None:
            return all_recipients(envelope, never)
        progress = Progress()
        try:
            async with asyncio.timeout(self._relay.total_seconds):
                await self._attempt(envelope, raw, progress)
        except LINE_ERRORS as error:
            progress.broken(envelope, reason_of(error))
        _tell_faults(progress)
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
        self._smtputf8 = connection.offers("smtputf8")
        try:
            await transact(connection, self._relay, envelope, raw, progress)
        except BaseException:
            self._pool.discard(connection)
            raise
        self._pool.release(connection)


def _tell_faults(progress: Progress) -> None:
    """Deferred before any recipient was named, by a lost line, or for our log-in: that is the relay, not the mail."""
    for recipient, outcome in progress.outcomes.items():
        code = outcome.smtp_code
        relays = not progress.recipients_asked or code is None or code == SERVICE_CLOSING or code in OUR_FAULT
        if outcome.status == "deferred" and relays:
            progress.outcomes[recipient] = msgspec.structs.replace(outcome, transport_fault=True)
