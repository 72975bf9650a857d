"""From an accepted mail to a message about to be stored: parse, extract, classify. Nothing here writes.

What may run long is read in a process with limits; when those strike, the header is read alone and the raw bytes stay.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.core.secrets import Keyring
from agentpost_server.inbound.authenticate import Origin, origin_of, shown
from agentpost_server.mail.authentication import UNCHECKED, Authentication
from agentpost_server.mail.extract import Extracted, extract
from agentpost_server.mail.hidden import find_hidden, hidden_characters, is_hiding
from agentpost_server.mail.html.body import HtmlBody
from agentpost_server.mail.jail import JailFailure, ParseJail, needs_jail
from agentpost_server.mail.model import Address
from agentpost_server.mail.parse import parse
from agentpost_server.mail.parsed import ComplaintReport, DeliveryReport, ParsedAttachment, ParsedMail
from agentpost_server.mail.preview import preview
from agentpost_server.mail.trace import without_forged
from agentpost_server.mail.trace_header import TRACE_HEADER, read
from agentpost_server.messages.new import NewAttachment, NewMessage
from agentpost_server.outbound import verp
from agentpost_server.screening import Facts, Verdict, judge
from agentpost_server.screening.injection import OFF, Judgement, Thresholds, look, thresholds_of
from agentpost_server.work import Claimed

_INLINE_OCTETS: Final = 256 * 1024
_HEADER_OCTETS: Final = 64 * 1024
# Bodies above this are looked through in a thread: other mail goes on meanwhile.
_LONG_BODY: Final = 16 * 1024
# Who wrote it is not told by header or envelope; the domain can never exist (RFC 2606).
_NOBODY: Final = Address("unknown@invalid")
_SUFFIX_BITS: Final = (1 << 62) - 1


class InboundMail(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed row and the envelope it carries."""

    claim: Claimed
    scope: Scope
    inbox_id: UUID
    mail_from: str
    rcpt_to: tuple[str, ...]
    source: str
    client_ip: str | None
    helo: str | None
    protocol: str | None
    tls: bool
    size: int
    flags: tuple[str, ...]
    received_at: datetime
    stored_at: datetime | None
    inbox_stands: bool
    authentication: Authentication | None
    thresholds: Thresholds = OFF


class LargeFile(msgspec.Struct, frozen=True):
    """Bytes that go to the blob store before the transaction."""

    id: UUID
    content: bytes
    mime_type: str


class ReadMail(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail turned out to be: a report about a transmission of ours, or a message.

    `verdict` is None for mail between inboxes of this server, which nobody judges as spam. `judgement` says whether it
    speaks to a model; None for what could not be read.
    """

    mail: InboundMail
    message: NewMessage
    large_files: tuple[LargeFile, ...] = ()
    transmission_id: UUID | None = None
    report: DeliveryReport | ComplaintReport | None = None
    traced: tuple[UUID, UUID] | None = None
    verdict: Verdict | None = None
    judgement: Judgement | None = None


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is new in a mail, whether it hides words from its reader, what it looks like, and to whom it speaks."""

    extracted: Extracted
    hides: bool
    verdict: Verdict | None
    judgement: Judgement


def inbound_mail(row: Mapping[str, Any]) -> InboundMail:
    return InboundMail(
        claim=Claimed(row["organization_id"], row["id"], row["attempts"]),
        scope=Scope(row["organization_id"], row["environment_id"]),
        inbox_id=row["inbox_id"],
        mail_from=row["mail_from"],
        rcpt_to=tuple(row["rcpt_to"]),
        source=row["source"],
        client_ip=row["client_ip"],
        helo=row["helo"],
        protocol=row["protocol"],
        tls=row["tls"],
        size=row["size"],
        flags=tuple(row["flags"]),
        received_at=row["received_at"],
        stored_at=row["stored_at"],
        inbox_stands=row["inbox_stands"],
        authentication=msgspec.json.decode(told, type=Authentication) if (told := row["authentication"]) else None,
        thresholds=thresholds_of(row["screening_policies"]),
    )


async def read_mail(
    mail: InboundMail, raw: bytes, *, keyring: Keyring, jail: ParseJail, hostname: str, hold: bool = False
) -> ReadMail:
    """`hold`: mail that fails DMARC is held."""
    null_sender = not mail.mail_from
    failed = False
    if needs_jail(raw):
        result = await jail.parse(raw, null_sender)
        if failed := isinstance(result, JailFailure):
            result = parse(_header_of(raw), null_sender)
    else:
        result = parse(raw, null_sender)
    text, html = (None, None) if failed else (result.text_body, result.html_body)
    if _takes_long(result):
        seen = await asyncio.to_thread(_look_through, mail, result, text, html)
    else:
        seen = _look_through(mail, result, text, html)
    files = () if failed else result.attachments
    file_ids = [_file_id(mail.claim.id, position) for position in range(len(files))]
    return ReadMail(
        mail=mail,
        message=_message(
            mail,
            result,
            seen.extracted,
            failed=failed,
            hides=seen.hides,
            echo=_is_echo(mail, result, keyring),
            hostname=hostname,
            hold=hold,
            attachments=tuple(_attachment(one, its_id) for one, its_id in zip(files, file_ids, strict=True)),
        ),
        large_files=tuple(
            LargeFile(its_id, one.content, one.mime_type)
            for one, its_id in zip(files, file_ids, strict=True)
            if one.size > _INLINE_OCTETS
        ),
        transmission_id=_transmission(mail, keyring),
        report=result.report,
        traced=_traced(result.report, keyring),
        verdict=seen.verdict,
        judgement=seen.judgement,
    )


def _takes_long(parsed: ParsedMail) -> bool:
    files = sum(one.size for one in parsed.attachments if one.mime_type.startswith("text/"))
    return len(parsed.text_body or "") + len(parsed.html_body or "") + files > _LONG_BODY


def _look_through(mail: InboundMail, parsed: ParsedMail, text: str | None, html: str | None) -> _Seen:
    verdict, authentication = None, shown(mail.authentication or UNCHECKED)
    body = HtmlBody(html) if html is not None else None
    if mail.source != "local":
        verdict = judge(
            parsed,
            Facts(
                received_at=mail.received_at,
                recipients=mail.rcpt_to,
                helo=mail.helo if mail.source == "smtp" else None,
                authentication=authentication,
            ),
            body,
        )
    hidden, extracted = find_hidden(body, text), extract(text, body)
    return _Seen(
        extracted=extracted,
        hides=is_hiding(hidden) or is_hiding(hidden_characters(parsed.subject, "subject")),
        verdict=verdict,
        judgement=look(
            parsed,
            [one.name for one in verdict.factors] if verdict is not None else [],
            authentication,
            new_text=None if text is None else extracted.text,
            body=body,
            hidden=hidden,
        ),
    )


def unreadable(mail: InboundMail, hostname: str) -> ReadMail:
    """What is told of a mail that we could not read three times: that it is there, and its raw bytes."""
    return ReadMail(mail=mail, message=_message(mail, None, Extracted(None, None), failed=True, hostname=hostname))


def _message(
    mail: InboundMail,
    parsed: ParsedMail | None,
    extracted: Extracted,
    *,
    hostname: str,
    failed: bool,
    hold: bool = False,
    hides: bool = False,
    echo: bool = False,
    attachments: tuple[NewAttachment, ...] = (),
) -> NewMessage:
    if parsed is None:
        parsed = parse(b"Subject: (unreadable message)\r\n\r\n")
    origin = _origin(mail, parsed, hold=hold)
    author = parsed.from_address or (Address(mail.mail_from) if mail.mail_from else _NOBODY)
    return NewMessage(
        id=mail.claim.id,
        scope=mail.scope,
        inbox_id=mail.inbox_id,
        direction="inbound",
        status="held" if origin.is_held else "received",
        # A mail without a usable one gets ours, so that an answer to it can be threaded.
        message_id_header=parsed.message_id or f"<{ids.encode('msg', mail.claim.id)}@{hostname}>",
        in_reply_to=parsed.in_reply_to,
        references=parsed.references,
        subject=parsed.subject,
        from_address=author,
        to_addresses=parsed.to,
        cc_addresses=parsed.cc,
        bcc_addresses=parsed.bcc,
        reply_to_addresses=parsed.reply_to,
        text_body=None if failed else parsed.text_body,
        html_body=None if failed else parsed.html_body,
        extracted_text=extracted.text,
        extracted_html=extracted.html,
        headers=without_forged(parsed.headers, hostname),
        preview=preview(extracted.text or ""),
        labels=("received", "unread", *origin.labels),
        size=mail.size,
        envelope=_envelope(mail),
        authentication=origin.authentication,
        trust=origin.trust,
        flags=tuple(dict.fromkeys((*parsed.flags, *_hidden(hides), *mail.flags, *origin.flags))),
        parse_status="failed" if failed else parsed.parse_status,
        loop_class="own_echo" if echo else parsed.loop_class,
        created_at=mail.received_at,
        received_at=mail.received_at,
        attachments=attachments,
    )


def _hidden(hides: bool) -> tuple[str, ...]:
    return ("hidden_text",) if hides else ()


def _origin(mail: InboundMail, parsed: ParsedMail, *, hold: bool) -> Origin:
    if mail.source == "local":
        return Origin(authentication=shown(UNCHECKED), trust="internal")
    return origin_of(mail.authentication, parsed, mail.rcpt_to, hold=hold)


def _envelope(mail: InboundMail) -> dict[str, object]:
    """SPEC 22's keys, and under `_trace` what only the trace prefix of the raw mail needs."""
    return {
        "mail_from": mail.mail_from,
        "rcpt_to": list(mail.rcpt_to),
        "source": mail.source,
        "client_ip": mail.client_ip,
        "helo": mail.helo,
        "tls": mail.tls,
        "_trace": {"protocol": mail.protocol},
    }


def _attachment(file: ParsedAttachment, its_id: UUID) -> NewAttachment:
    return NewAttachment(
        id=its_id,
        filename=file.filename,
        mime_type=file.mime_type,
        declared_mime_type=file.declared_mime_type,
        size=file.size,
        sha256=file.sha256,
        disposition=file.disposition,
        content_id=file.content_id,
        flags=file.flags,
        content=file.content if file.size <= _INLINE_OCTETS else None,
    )


def _file_id(mail_id: UUID, position: int) -> UUID:
    """The same at every try, so that a repeated ingest writes no blob twice; the mail's time stays in front."""
    digest = hashlib.sha256(mail_id.bytes + position.to_bytes(4)).digest()
    return UUID(int=mail_id.int & ~_SUFFIX_BITS | int.from_bytes(digest[:8]) & _SUFFIX_BITS)


def _is_echo(mail: InboundMail, parsed: ParsedMail, keyring: Keyring) -> bool:
    """Our own mail of this very inbox that came back (S-44): told by our signature, which nobody else can write."""
    values = (value for name, value in parsed.headers if name.lower() == TRACE_HEADER.lower())
    return any(names is not None and names[1] == mail.inbox_id for names in (read(keyring, one) for one in values))


def _transmission(mail: InboundMail, keyring: Keyring) -> UUID | None:
    """The transmission whose bounce address the mail came to."""
    return next((found for one in mail.rcpt_to if (found := verp.read(keyring, one)) is not None), None)


def _traced(report: DeliveryReport | ComplaintReport | None, keyring: Keyring) -> tuple[UUID, UUID] | None:
    """(message, inbox) of ours that a report quotes the signed header of: what makes a report at any address ours."""
    quoted = report.original_headers if report is not None else ()
    values = [value for name, value in quoted if name.lower() == TRACE_HEADER.lower()]
    return next((names for one in values if (names := read(keyring, one)) is not None), None)


def _header_of(raw: bytes) -> bytes:
    head = raw[:_HEADER_OCTETS]
    ends = [end for end in (head.find(b"\r\n\r\n"), head.find(b"\n\n")) if end >= 0]
    return head[: min(ends) + 2] if ends else head
