"""The house as the SMTP receiver asks for it: which inbox an address leads to, and taking a finished mail.

Look-ups of concurrent RCPTs share a query, and a found address is believed for a second.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from agentpost_server.core.errors import Problem
from agentpost_server.core.scope import Scope
from agentpost_server.domains import REPORT_BOX
from agentpost_server.inbound import store
from agentpost_server.inbound.accept import AcceptMail, accept
from agentpost_server.inbound.authenticate import Checks
from agentpost_server.inbound.batching import Batcher
from agentpost_server.inbound.smtp import Accepted, Delivery, Refusal, Route, SessionInfo
from agentpost_server.inbound.store import Seen
from agentpost_server.mail.address import canonical, without_tag
from agentpost_server.mail.authentication import Authentication
from agentpost_server.mail.author import read_author
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import read_section
from agentpost_server.mail.trace_header import traced_inboxes
from agentpost_server.outbound import verp
from agentpost_server.policies import Arriving, receive
from agentpost_server.runtime import Runtime
from agentpost_server.screening.authentication import Arrival, fails_dmarc

_UNKNOWN: Final = Refusal(code="550 5.1.1", text="No such mailbox here")
_NOT_OURS: Final = Refusal(code="550 5.7.1", text="Relaying denied")
# Every domain has these (RFC 5321 4.5.1, RFC 2142), whether its owner thought of them or not.
_ROLES: Final = frozenset({"postmaster", "abuse"})
_PRIVATE_DOMAIN: Final = "sandbox.test"
_BELIEVED_SECONDS: Final = 1.0
_REMEMBERED: Final = 10_000
_ECHOES: Final = 3
_HEAD_OCTETS: Final = 64 * 1024
# Mail above 256 KiB that is in memory at once while it is checked before the 250.
_LARGE_AT_ONCE: Final = 4

_Asked = tuple[str, str, str]


class MailLoop(Problem):
    """The same inbox has sent this mail too often already."""

    status = 422
    default_code = "mail_loop"
    smtp = "554 5.4.6"


class Forged(Problem):
    """Nobody whom the author's domain names sent this mail, and that domain asks that it be refused."""

    status = 422
    default_code = "mail_forged"
    smtp = "550 5.7.26"


class AuthorUnclear(Problem):
    """From names not exactly one author, so that nothing can vouch for one."""

    status = 422
    default_code = "author_unclear"
    smtp = "550 5.7.1"


class Blocked(Problem):
    """A filter rule of everybody whom it is for keeps it out."""

    status = 422
    default_code = "mail_blocked"
    smtp = "550 5.7.1"


class AcceptedHere(Accepted, frozen=True, kw_only=True):
    """With what must be forgotten once the client has read its 250."""

    seen: tuple[Seen, ...] = ()


class InboxMailroom:
    """A Mailroom over the inboxes of this server."""

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.settings
        self._runtime = runtime
        self._own_domains = {settings.shared_domain.lower(), runtime.smtp_hostname.lower()}
        self._postmaster = canonical(settings.postmaster_inbox or f"postmaster@{settings.shared_domain}")
        self._checks = Checks(runtime) if settings.smtp_reject_dmarc else None
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._look_ups: Batcher[_Asked, store.Found] = Batcher(self._look_up, most=200, at_once=2)
        self._forgetting: Batcher[Seen, None] = Batcher(self._forget, most=500)
        self._being_forgotten: dict[tuple[object, ...], asyncio.Future[None]] = {}
        self._believed: dict[_Asked, tuple[float, store.Found]] = {}

    async def route(self, address: str, *, session: SessionInfo) -> Route | Refusal:
        email = canonical(address)
        local, _, domain = email.rpartition("@")
        if domain == _PRIVATE_DOMAIN:
            return _NOT_OURS
        if (transmission := verp.read(self._runtime.keyring, email)) is not None:
            found = await store.route_bounce(self._runtime.database, transmission)
            return _route(found, address) if found else _UNKNOWN
        if local in _ROLES:
            return await self._route_role(email, address)
        if local == REPORT_BOX and (report := await store.route_report(self._runtime.database, domain)) is not None:
            return _route(report, address)
        found = await self._find((email, without_tag(email), self._verifiable(domain)))
        if found.inbox_id is not None:
            return _route(found, address)
        return _UNKNOWN if self._is_ours(found, domain) else _NOT_OURS

    async def _route_role(self, email: str, address: str) -> Route | Refusal:
        """The address itself where somebody has it; else the inbox that the operator reads."""
        domain = email.rpartition("@")[2]
        own, operator = await asyncio.gather(
            self._find((email, email, "")),
            self._find((self._postmaster, self._postmaster, self._verifiable(domain))),
        )
        if own.inbox_id is not None and operator.domain_owner in (None, own.organization_id):
            return _route(own, address)
        if not self._is_ours(operator, domain):
            return _NOT_OURS
        return _route(operator, address) if operator.inbox_id is not None else _UNKNOWN

    def _verifiable(self, domain: str) -> str:
        """Nothing for the server's own: they stay everybody's, also where a tenant has verified a domain above them."""
        return "" if domain in self._own_domains else domain

    def _is_ours(self, found: store.Found, domain: str) -> bool:
        return found.verified or domain in self._own_domains

    async def _find(self, asked: _Asked) -> store.Found:
        known = self._believed.get(asked)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        return await self._look_ups.put(asked)

    async def _look_up(self, asked: Sequence[_Asked]) -> Sequence[store.Found]:
        found = await store.route_recipients(self._runtime.database, asked)
        if len(self._believed) > _REMEMBERED:
            self._believed.clear()
        until = time.monotonic() + _BELIEVED_SECONDS
        for question, answer in zip(asked, found, strict=True):
            # Only hits: a new inbox must be reachable at once.
            if answer.inbox_id is not None:
                self._believed[question] = (until, answer)
        return found

    async def accept(self, delivery: Delivery) -> Accepted:
        await self._refuse_loops(delivery)
        if not delivery.has_message_id:
            await self._let_forget(delivery)
        if self._runtime.settings.smtp_refuse_blocked:
            await self._refuse_blocked(delivery)
        mail = _mail(delivery)
        if self._checks is not None:
            mail = msgspec.structs.replace(mail, authentication=await self._refuse_forged(self._checks, delivery))
        kept = await accept(self._runtime, mail)
        return AcceptedHere(
            reference=str(kept.inbound_ids[0]),
            inbound_ids=kept.inbound_ids,
            seen=() if delivery.has_message_id else kept.seen,
        )

    def reply_was_read(self, accepted: Accepted) -> None:
        if isinstance(accepted, AcceptedHere):
            for one in accepted.seen:
                key = (one.organization_id, one.inbox_id)
                self._being_forgotten[key] = future = self._forgetting.put_soon(one)
                future.add_done_callback(lambda done, key=key: self._forgotten(key, done))

    def _forgotten(self, key: tuple[object, ...], done: "asyncio.Future[None]") -> None:
        if self._being_forgotten.get(key) is done:
            del self._being_forgotten[key]
        # Best effort: what is not forgotten now ends with its window.
        if not done.cancelled():
            done.exception()

    async def _let_forget(self, delivery: Delivery) -> None:
        """The same bytes may follow at once on the same connection: they must meet a window that has forgotten."""
        for route in delivery.routes:
            pending = self._being_forgotten.get((route.organization_id, route.inbox_id))
            if pending is not None:
                with contextlib.suppress(Exception):
                    await asyncio.shield(pending)

    async def _forget(self, seen: Sequence[Seen]) -> Sequence[None]:
        await store.forget_seen(self._runtime.database, seen)
        return [None] * len(seen)

    async def _refuse_loops(self, delivery: Delivery) -> None:
        content = delivery.content
        head = await asyncio.to_thread(_head_of, content) if isinstance(content, Path) else content[:_HEAD_OCTETS]
        traced = traced_inboxes(self._runtime.keyring, head)
        if any(traced.count(route.inbox_id) >= _ECHOES for route in delivery.routes):
            raise MailLoop("This mail goes round: its mailbox has sent it before", fix="Break the forwarding loop.")

    async def _refuse_blocked(self, delivery: Delivery) -> None:
        """Only where nobody of its recipients would get it, and whoever wrote it: proof is asked for later."""
        content = delivery.content
        head = await asyncio.to_thread(_head_of, content) if isinstance(content, Path) else content[:_HEAD_OCTETS]
        mail_from = canonical(delivery.mail_from) if delivery.mail_from else ""
        author = _author_of(head) or mail_from
        arriving = [
            Arriving(
                scope=Scope(route.organization_id, route.environment_id),
                inbox_id=route.inbox_id,
                author=author,
                mail_from=mail_from,
                authentic=True,
                is_answer=True,
            )
            for route in delivery.routes
        ]
        async with self._runtime.database.work({route.organization_id for route in delivery.routes}) as tx:
            rulings = await receive(tx, arriving)
        if rulings and not any(one.allowed for one in rulings):
            raise Blocked("This mailbox takes no mail from you", fix="Ask its owner in another way.")

    async def _refuse_forged(self, checks: Checks, delivery: Delivery) -> Authentication | None:
        """The results, so that nobody asks again. Raises Forged, AuthorUnclear; SPF by itself refuses nothing."""
        if not checks.wants("smtp", delivery.client_ip, None):
            return None
        arrival = Arrival(
            mail_from=delivery.mail_from,
            received_at=delivery.received_at,
            client_ip=checks.client_ip("smtp", delivery.client_ip),
            helo=delivery.helo,
        )
        content = delivery.content
        if isinstance(content, Path):
            async with self._large:
                result = await checks.check_soon(arrival, await asyncio.to_thread(content.read_bytes))
        else:
            result = await checks.check_soon(arrival, content)
        if result is None:
            return None
        if fails_dmarc(result) and result.policy == "reject":
            raise Forged(
                f"DMARC of {result.author_domain} failed, and its policy is reject",
                fix="Send by a server that SPF of the From domain names, or sign by DKIM of that domain.",
            )
        if result.dmarc == "permerror" and result.author_domain is None:
            raise AuthorUnclear("From must be one field with one author", fix="Name exactly one author in From.")
        return result


def _mail(delivery: Delivery) -> AcceptMail:
    flags = (("bare_newlines", delivery.bare_newlines), ("nul_removed", delivery.nul_removed))
    return AcceptMail(
        routes=delivery.routes,
        mail_from=delivery.mail_from,
        content=delivery.content,
        size=delivery.size,
        sha256=delivery.sha256,
        has_message_id=delivery.has_message_id,
        source="smtp",
        received_at=delivery.received_at,
        client_ip=delivery.client_ip,
        helo=delivery.helo,
        protocol=delivery.transmission_type,
        tls=delivery.tls,
        flags=tuple(name for name, holds in flags if holds),
    )


def _route(found: store.Found, address: str) -> Route:
    assert found.organization_id is not None
    assert found.environment_id is not None
    assert found.inbox_id is not None
    return Route(
        organization_id=found.organization_id,
        environment_id=found.environment_id,
        inbox_id=found.inbox_id,
        address=address,
    )


def _author_of(head: bytes) -> str:
    """The first mailbox of From, canonical; empty where nobody is named."""
    findings = Findings()
    headers, _ = read_section(head, 0, len(head), findings)
    mailboxes = read_author(headers, findings).mailboxes
    return canonical(mailboxes[0].email) if mailboxes else ""


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_OCTETS)
