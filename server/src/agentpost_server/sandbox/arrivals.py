"""`POST /sandbox/deliver`: a mail as if it came from outside, by the path of all mail in, with the results of origin
checks that the test chooses."""

import asyncio
import base64
import binascii
from datetime import datetime
from typing import Final
from uuid import UUID

from litestar import Response

from agentpost_server.core import ids
from agentpost_server.core.errors import FieldError, Invalid, NotFound, TooLarge, invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.inbound.smtp import Route
from agentpost_server.inboxes import InboxRow
from agentpost_server.inboxes import find as find_inbox
from agentpost_server.mail.address import AddressError, parse_address
from agentpost_server.mail.authentication import UNCHECKED
from agentpost_server.mail.author import read_author
from agentpost_server.mail.compose import OutgoingAttachment, OutgoingMail, compose, new_message_id
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import read_section
from agentpost_server.mail.model import Address
from agentpost_server.mail.reply import reply_citations
from agentpost_server.mail.safe_headers import check_headers
from agentpost_server.outbound.check import cited
from agentpost_server.outbound.gather import gather
from agentpost_server.outbound.letter import Original
from agentpost_server.outbound.model import AddressIn
from agentpost_server.outbound.submit import find_original
from agentpost_server.runtime import Runtime
from agentpost_server.sandbox import store_clock
from agentpost_server.sandbox.clock import now_in, refuse_unless_test
from agentpost_server.sandbox.delivery import Arrival, into_inboxes
from agentpost_server.sandbox.model import Deliver, Delivered
from agentpost_server.sandbox.script import results_of
from agentpost_server.web.idempotency import Effect

_HEADER_OCTETS: Final = 65_536


async def deliver(runtime: Runtime, tenant: Scope, effect: Effect, wanted: Deliver) -> Response[Delivered]:
    """201 once it is durable; it is read like any other mail, a moment later."""
    if (first := await effect.replay()) is not None:
        return first
    inbox_id = ids.decode_or_none("inb", wanted.inbox_id)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        environment = await store_clock.find(tx, tenant)
        refuse_unless_test(environment)
        inbox = await _inbox(tx, tenant, inbox_id)
        original = await _original(tx, tenant, inbox.id, wanted)
    at = now_in(environment, runtime.now())
    raw = await _mail(runtime, tenant, inbox, wanted, original, at)
    if len(raw) > runtime.settings.max_receive_octets:
        raise TooLarge(
            f"The mail has {len(raw)} octets. At most {runtime.settings.max_receive_octets} are received.",
            code="message_too_large",
            fix="Deliver a smaller one.",
        )
    author = await asyncio.to_thread(_author, raw[:_HEADER_OCTETS])
    results = UNCHECKED
    if wanted.authentication is not None:
        results = results_of(wanted.authentication, author.email.rpartition("@")[2] if author else "")
    arrival = Arrival(
        received_at=at,
        authentication=results,
        # The same request again is the same mail, also when the answer of the first was lost.
        provider_id=f"sandbox {effect.key}" if effect.key is not None else None,
    )
    mail_from = wanted.mail_from if wanted.mail_from is not None else author.email if author else ""
    route = Route(
        organization_id=tenant.organization_id,
        environment_id=tenant.environment_id,
        inbox_id=inbox.id,
        address=inbox.email,
    )
    message_id = await into_inboxes(runtime, (route,), mail_from, raw, arrival)
    return await effect(lambda _tx: _answer(message_id, inbox.id, at), status=201)


def _author(head: bytes) -> Address | None:
    """Who From names first."""
    findings = Findings()
    section, _ = read_section(head, 0, len(head), findings)
    return next(iter(read_author(section, findings).mailboxes), None)


async def _answer(message_id: UUID, inbox_id: UUID, at: datetime) -> Delivered:
    return Delivered(
        message_id=ids.encode("msg", message_id), inbox_id=ids.encode("inb", inbox_id), received_at=rfc3339(at)
    )


async def _inbox(tx: Tx, tenant: Scope, inbox_id: UUID | None) -> InboxRow:
    try:
        if inbox_id is None:
            raise NotFound
        return await find_inbox(tx, tenant, inbox_id)
    except NotFound as missing:
        raise invalid_field("inbox_id", "names no inbox of this environment", code="not_found") from missing


async def _original(tx: Tx, tenant: Scope, inbox_id: UUID, wanted: Deliver) -> Original | str | None:
    """The message of ours that is answered, or the Message-ID of another."""
    reference = cited(wanted.in_reply_to)
    if reference is None:
        return None
    found = await find_original(tx, tenant, "send", reference, inbox_id)
    return found if found is not None else str(reference)


async def _mail(
    runtime: Runtime, tenant: Scope, inbox: InboxRow, wanted: Deliver, original: Original | str | None, at: datetime
) -> bytes:
    given = [name for name in ("raw", "raw_base64", "from_address") if getattr(wanted, name) is not None]
    if len(given) != 1:
        raise invalid_field("from_address", "is needed, or raw, or raw_base64; one of them")
    if wanted.raw is not None:
        return wanted.raw.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    if wanted.raw_base64 is not None:
        try:
            return base64.b64decode(wanted.raw_base64, validate=True)
        except (binascii.Error, ValueError) as error:
            raise invalid_field("raw_base64", "is not base64", code="invalid_base64") from error
    files = await gather(runtime, tenant, inbox.id, wanted.attachments)
    mail = _composed(inbox, wanted, original, at, tuple(one.outgoing() for one in files))
    return await asyncio.to_thread(compose, mail)


def _composed(
    inbox: InboxRow,
    wanted: Deliver,
    original: Original | str | None,
    at: datetime,
    files: tuple[OutgoingAttachment, ...],
) -> OutgoingMail:
    author = _address("from_address", wanted.from_address or "")
    headers = check_headers(wanted.headers)
    if headers.errors:
        raise Invalid(
            "; ".join(f"{one.field}: {one.message}" for one in headers.errors[:5]),
            fix="Correct the named fields, or deliver the mail as raw.",
            errors=tuple(headers.errors),
        )
    citations = reply_citations(original.mail) if isinstance(original, Original) else None
    known = (original,) if isinstance(original, str) else ()
    return OutgoingMail(
        from_address=author,
        to=_addresses("to", wanted.to) or (Address(inbox.email),),
        cc=_addresses("cc", wanted.cc),
        reply_to=_addresses("reply_to", wanted.reply_to),
        subject=wanted.subject,
        message_id=new_message_id(author.email.rpartition("@")[2]),
        date=at,
        in_reply_to=citations.in_reply_to if citations else next(iter(known), None),
        references=citations.references if citations else known,
        text_body=wanted.text_body if wanted.text_body is not None or wanted.html_body is not None else "",
        html_body=wanted.html_body,
        attachments=files,
        headers=headers.pairs,
        auto_submitted="auto-replied" if wanted.automatic else None,
    )


def _addresses(field: str, given: list[AddressIn]) -> tuple[Address, ...]:
    return tuple(_address(f"{field}[{n}]", one) for n, one in enumerate(given))


def _address(field: str, given: AddressIn) -> Address:
    try:
        return parse_address(given)
    except AddressError as error:
        raise Invalid(
            f"{field}: {error}",
            fix=f"Correct {field} and send the request again.",
            errors=(FieldError(field=field, message=str(error), code="invalid_address"),),
        ) from error
