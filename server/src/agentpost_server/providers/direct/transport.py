"""The MailTransport that needs nobody: look up, connect, hand over, and an outcome for every recipient.

What a host says about the mail or a recipient stands. What only says that this host is no use now (no connection, a
greeting of 4yz or 5yz, MAIL put off, a line lost before the final dot) sends the mail on to the next (RFC 5321 5.1).
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from agentpost_server.ports.resolver import Resolver
from agentpost_server.ports.transport import OutgoingEnvelope, Receipt, TransportLimits, all_recipients
from agentpost_server.providers.direct.domains import Domains
from agentpost_server.providers.direct.hosts import find_hosts
from agentpost_server.providers.direct.model import DirectSettings, LeadsHereError, UndeliverableError
from agentpost_server.providers.direct.walk import Connector, Reach, Walk, connect
from agentpost_server.providers.smtp.connection import LINE_ERRORS, reason_of
from agentpost_server.providers.smtp.dialogue import Progress, StaleConnection, refusal, transact
from agentpost_server.providers.smtp.idle import IdleLines


class DirectTransport:
    """`home` delivers to the inboxes of this server what leads back here; without it that is refused (5.4.6)."""

    def __init__(
        self,
        resolver: Resolver,
        settings: DirectSettings,
        *,
        home: Callable[[OutgoingEnvelope, bytes], Awaitable[Receipt]] | None = None,
        connector: Connector = connect,
    ) -> None:
        self._resolver = resolver
        self._settings = settings
        self._home = home
        self._connector = connector
        self._domains = Domains(settings)
        self._reach = Reach()
        self._tls_context = _unverified()
        self._closed = False

    @property
    def name(self) -> str:
        return "direct"

    @property
    def limits(self) -> TransportLimits:
        return TransportLimits(max_recipients=50, max_octets=self._settings.max_octets, smtputf8=True)

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        """Hand the mail over within `total_seconds`. Never raises for what the DNS, the network or a host did."""
        if (never := refusal(envelope, raw, self._settings.max_octets)) is not None:
            return all_recipients(envelope, never)
        calls = [self._to_domain(domain, one, raw) for domain, one in _by_domain(envelope)]
        receipts = await asyncio.gather(*calls)
        told = next((one for one in receipts if one.provider_id), receipts[0])
        outcomes = {email: outcome for one in receipts for email, outcome in one.outcomes.items()}
        return msgspec.structs.replace(told, outcomes=outcomes)

    async def close(self) -> None:
        self._closed = True
        await self._domains.close()

    async def _to_domain(self, domain: str, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        progress = Progress()
        try:
            async with asyncio.timeout(self._settings.total_seconds), self._domains.turn(domain) as idle:
                await self._deliver(domain, envelope, raw, progress, idle)
        except LeadsHereError as here:
            if self._home is not None:
                return await self._home(envelope, raw)
            progress.settle(envelope.recipients, here.outcome)
        except UndeliverableError as end:
            progress.settle(envelope.recipients, end.outcome)
        except LINE_ERRORS as error:
            progress.broken(envelope, reason_of(error))
        return progress.receipt()

    async def _deliver(
        self, domain: str, envelope: OutgoingEnvelope, raw: bytes, progress: Progress, idle: IdleLines
    ) -> None:
        """Over one line after the other until every recipient is settled. Raises UndeliverableError, LINE_ERRORS."""
        if self._closed:
            raise ConnectionError("The transport is closed")
        walk = Walk(
            self._settings,
            idle,
            partial(find_hosts, self._resolver, domain, self._settings),
            tls_context=self._tls_context,
            connector=self._connector,
            reach=self._reach,
        )
        while len(progress.outcomes) < len(set(envelope.recipients)):
            await self._over_next_line(walk, envelope, raw, progress, idle)

    async def _over_next_line(
        self, walk: Walk, envelope: OutgoingEnvelope, raw: bytes, progress: Progress, idle: IdleLines
    ) -> None:
        connection = await walk.next_line()
        already = set(progress.outcomes)
        progress.recipients_asked = False
        try:
            await transact(connection, self._settings.line_to(connection.host, "none"), envelope, raw, progress)
        except BaseException as error:
            connection.abort()
            if isinstance(error, StaleConnection):
                return idle.drop()
            if not isinstance(error, LINE_ERRORS) or progress.dot_written:
                raise
            return walk.failed(connection.host, error)
        new = {email: one for email, one in progress.outcomes.items() if email not in already}
        put_off = [email for email, one in new.items() if one.status == "deferred"]
        if put_off and not progress.recipients_asked:
            connection.abort()
            idle.drop()
            walk.put_off(connection.host, new[put_off[0]])
            for email in put_off:
                del progress.outcomes[email]
            return None
        return idle.keep(connection)


def _unverified() -> ssl.SSLContext:
    """Encrypts, and believes any certificate: without DANE or MTA-STS nothing says what it should be (RFC 7435 3)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _by_domain(envelope: OutgoingEnvelope) -> list[tuple[str, OutgoingEnvelope]]:
    groups: dict[str, list[str]] = {}
    for email in envelope.recipients:
        groups.setdefault(email.rpartition("@")[2].lower(), []).append(email)
    if len(groups) == 1:
        return [(domain, envelope) for domain in groups]
    return [(domain, msgspec.structs.replace(envelope, recipients=tuple(emails))) for domain, emails in groups.items()]
