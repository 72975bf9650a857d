"""Mail that a provider received for us: routed by the envelope that the provider tells, accepted like any other, and
written down a recipient at a time, so that what comes again is known and what leads nowhere waits for its inbox.

Nothing here answers a sender: the provider has taken the mail, and a bounce now would go to whoever was forged.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, TypeVar
from uuid import UUID

import msgspec
import structlog

from agentpost_server.core.errors import BadRequest
from agentpost_server.inbound import store_intake as store
from agentpost_server.inbound.accept import accept, mail_of_bytes
from agentpost_server.inbound.mailroom import InboxMailroom
from agentpost_server.inbound.ses.certificates import Certificates
from agentpost_server.inbound.smtp import Route, SessionInfo, SmtpLimits
from agentpost_server.inbound.smtp import addresses as syntax
from agentpost_server.inbound.smtp.data import LineEnds, scan_header
from agentpost_server.inbound.smtp.replies import CommandError
from agentpost_server.inbound.store_intake import Settled
from agentpost_server.mail.address import canonical
from agentpost_server.mail.authentication import Authentication
from agentpost_server.mail.trace_header import traced_inboxes
from agentpost_server.ports.blobs import blob_key
from agentpost_server.runtime import Runtime

Source = Literal["ses", "sendgrid", "postmark", "mailgun"]

_HEAD_OCTETS: Final = 64 * 1024
_LONG: Final = 64 * 1024
_ECHOES: Final = 3
_NAME_CHARACTERS: Final = 320
_RECIPIENTS: Final = 1000
# No organization: whose it is, is what is not known yet. The nil UUID (RFC 9562 5.9) is nobody's.
_NOBODY: Final = UUID(int=0)
_HOPS: Final = SmtpLimits().max_received_headers
AnswerT = TypeVar("AnswerT")
log = structlog.get_logger("intake")


class Intake:
    """What the providers' doors of one process share."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.mailroom = InboxMailroom(runtime)
        self.certificates = Certificates(runtime)
        self.swept_to: str | None = None
        """How far the look through the bucket has come; None: from its beginning."""


class ProviderMail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail and its envelope as a provider tells it.

    `raw` is None where the bytes are larger than we take: they stay at `location` (see 0012_intake.sql) and are tried
    again like mail without an inbox.
    """

    source: Source
    provider_id: str
    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes | None
    received_at: datetime
    location: str | None = None
    authentication: Authentication | None = None
    flags: tuple[str, ...] = ()


async def deliver(intake: Intake, mail: ProviderMail) -> None:
    """Everything durable when this returns; safe to repeat when it raises (Unavailable, OSError). Raises BadRequest for
    more recipients than any provider names: to leave some out would lose mail in silence."""
    if len(mail.recipients) > _RECIPIENTS:
        detail = f"The mail names {len(mail.recipients)} recipients; {_RECIPIENTS} are taken."
        raise BadRequest(detail, fix="Send what the provider sent, unchanged.")
    database = intake.runtime.database
    named = {_name(one): one for one in mail.recipients}
    for known in await store.known_recipients(database, mail.source, mail.provider_id):
        named.pop(known, None)
    if not named:
        return
    if mail.raw is None:
        settled = [Settled(recipient=name, outcome="unrouted", reason="too_large") for name in named]
    else:
        raw = await off_loop(len(mail.raw), lambda: crlf(mail.raw or b""))
        mail = msgspec.structs.replace(mail, raw=raw)
        settled = await _take(intake, mail, raw, named)
    waiting = [one for one in settled if one.outcome == "unrouted"]
    location = mail.location
    if waiting and location is None and mail.raw is not None:
        location = await _put_by(intake.runtime, mail, mail.raw)
    await store.keep(
        database,
        mail.source,
        mail.provider_id,
        settled,
        mail_from=sender(mail.mail_from),
        authentication=msgspec.json.encode(mail.authentication).decode() if mail.authentication else None,
        location=location,
        received_at=mail.received_at,
        flags=mail.flags,
    )
    for one in settled:
        if one.outcome != "accepted":
            log.warning("provider_mail_" + one.outcome, source=mail.source, id=mail.provider_id, reason=one.reason)


async def _take(intake: Intake, mail: ProviderMail, raw: bytes, named: dict[str, str]) -> list[Settled]:
    found = await asyncio.gather(*(find_route(intake, one) for one in named.values()))
    routes = dict(zip(named, found, strict=True))
    looping = goes_round(intake, raw)
    settled: list[Settled] = []
    taken: list[Route] = []
    for name, route in routes.items():
        if route is None:
            settled.append(Settled(recipient=name, outcome="unrouted", reason="no_inbox"))
        elif looping(route):
            settled.append(Settled(recipient=name, outcome="dropped", reason="mail_loop"))
        else:
            settled.append(Settled(recipient=name, outcome="accepted"))
            taken.append(route)
    if taken:
        await hand_in(intake, mail, raw, tuple(taken))
    return settled


async def hand_in(intake: Intake, mail: ProviderMail, raw: bytes, routes: tuple[Route, ...]) -> None:
    """To the same accept as mail by SMTP. The provider's id makes a repeat one mail."""
    accepted = await off_loop(
        len(raw),
        lambda: mail_of_bytes(
            raw,
            routes=routes,
            mail_from=sender(mail.mail_from),
            source=mail.source,
            received_at=mail.received_at,
            authentication=mail.authentication,
            provider_id=mail.provider_id,
            flags=mail.flags,
        ),
    )
    await accept(intake.runtime, accepted)


async def find_route(intake: Intake, recipient: str) -> Route | None:
    """The inbox that an address leads to; None for what leads nowhere or is no address."""
    hostname = intake.runtime.smtp_hostname
    try:
        address = syntax.recipient(recipient.encode("utf-8", "replace"), smtputf8=True, hostname=hostname)
    except CommandError:
        return None
    session = SessionInfo(client_ip="", helo="", tls=True, mail_from="", smtputf8=True, declared_octets=None)
    answer = await intake.mailroom.route(address, session=session)
    return answer if isinstance(answer, Route) else None


def goes_round(intake: Intake, raw: bytes) -> Callable[[Route], bool]:
    """Whether a mail for an inbox is a loop: too many hops (RFC 5321 6.3), or our own signature of it too often."""
    head = raw[:_HEAD_OCTETS]
    hops, _ = scan_header(head)
    traced = traced_inboxes(intake.runtime.keyring, head)
    return lambda route: hops > _HOPS or traced.count(route.inbox_id) >= _ECHOES


def sender(mail_from: str) -> str:
    """The envelope sender as SMTP would have taken it; "" for the null sender and for what is no address."""
    path = mail_from.strip().removeprefix("<").removesuffix(">")
    try:
        return syntax.sender(path.encode("utf-8", "replace"), smtputf8=True)
    except CommandError:
        return ""


def crlf(raw: bytes) -> bytes:
    """As SMTP would have brought it: CRLF line ends only, no NUL."""
    return LineEnds().clean(raw if raw.endswith(b"\n") else raw + b"\r\n")


def name_of(raw: bytes, envelope: bytes) -> str:
    """For a mail that its provider gives no name: the same bytes to the same people are the same call, made again."""
    digest = hashlib.sha256(raw)
    digest.update(b"\0" + envelope)
    return digest.hexdigest()


async def off_loop(octets: int, act: Callable[[], AnswerT]) -> AnswerT:
    """The answer, from a thread where so many octets take a while."""
    return await asyncio.to_thread(act) if octets > _LONG else act()


async def _put_by(runtime: Runtime, mail: ProviderMail, raw: bytes) -> str:
    """The same mail goes to the same place, so that a repeat leaves nothing behind."""
    digest = hashlib.sha256(f"{mail.source}\0{mail.provider_id}".encode()).digest()
    key = blob_key(_NOBODY, UUID(bytes=digest[:16]), mail.received_at)
    await runtime.blobs.put(key, raw, media_type="message/rfc822")
    return f"blob:{key}"


def _name(recipient: str) -> str:
    """What a recipient is kept under: PostgreSQL's text takes no NUL and no lone surrogate."""
    text = recipient.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return canonical(text)[:_NAME_CHARACTERS]
