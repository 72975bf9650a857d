"""Shapes of messages, attachments and threads (SPEC 22), and how a database row becomes one."""

from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agentpost_server.core import ids
from agentpost_server.core.scope import Actor
from agentpost_server.core.times import rfc3339, rfc3339_or_none
from agentpost_server.mail.model import Address

T = TypeVar("T")
Direction = Literal["inbound", "outbound"]
OptionalText = str | None | UnsetType


class Attachment(msgspec.Struct, kw_only=True):
    id: str
    message_id: str
    filename: str
    mime_type: str
    declared_mime_type: str | None
    size: int
    sha256: str
    disposition: Literal["attachment", "inline"]
    content_id: str | None
    flags: list[str]
    text_status: str
    download_url: str | UnsetType = UNSET
    download_url_expires_at: str | UnsetType = UNSET


class FilePage(msgspec.Struct, kw_only=True):
    """A page of a PDF, a slide, a sheet; of other files a piece of at most 10,000 characters."""

    page: int
    text: str


class AttachmentText(msgspec.Struct, kw_only=True):
    """`page_count`: the file's own; null until it is read. `truncated`: the file's text goes on where reading ended, or
    the page shown goes on at `next_offset`. `failure`: why there is none."""

    attachment_id: str
    text_status: Literal["none", "pending", "ready", "failed"]
    failure: Literal["encrypted", "damaged", "too_large", "cpu", "memory", "deadline", "crash", "missing"] | None
    pages: list[FilePage]
    page_count: int | None
    truncated: bool
    next_page: int | None
    next_offset: int | None


class Recipient(msgspec.Struct, kw_only=True):
    """Whom an outbound message went to, and how far it got."""

    email: str
    kind: Literal["to", "cc", "bcc"]
    status: str
    detail: str | None
    suppression_reason: str | None
    updated_at: str


class Envelope(msgspec.Struct, kw_only=True):
    """What SMTP said, whatever the headers say. What ingest keeps beside it for the trace is not shown."""

    mail_from: str
    rcpt_to: list[str]
    source: str
    client_ip: str | None = None
    helo: str | None = None
    tls: bool = False


class Authentication(msgspec.Struct, kw_only=True):
    """`checked_by`: `agentpost`, or the provider whose verdict it is; null: nobody checked. `author_domain`: From's;
    `dkim_domain`: whose signature passed; `policy`: what DMARC of the author asks for; `arc_sealer`: the listed sealer
    whose word stands in for a DMARC that fails here."""

    spf: str
    dkim: str
    dmarc: str
    arc: str
    aligned_domain: str | None = None
    checked_by: str | None = None
    author_domain: str | None = None
    dkim_domain: str | None = None
    policy: str | None = None
    arc_sealer: str | None = None


class ScreeningFactor(msgspec.Struct, kw_only=True):
    name: str
    weight: float
    where: str


class Screening(msgspec.Struct, kw_only=True):
    score: float
    verdict: Literal["pass", "label", "hold"]
    detector: str
    factors: list[ScreeningFactor]


class Hold(msgspec.Struct, kw_only=True):
    """Why a message waits for a person, and what was decided."""

    reason: Literal["approval", "loop", "flow", "screening"]
    policy_id: str | None = None
    revision: int = 1
    expires_at: str | None = None
    on_expiry: Literal["reject", "send"] = "reject"
    decided_by: Actor | None = None
    decided_at: str | None = None
    note: str | None = None


class Header(msgspec.Struct, kw_only=True):
    name: str
    value: str


class Message(msgspec.Struct, kw_only=True):
    """The texts and headers are left out of list rows."""

    id: str
    environment_id: str
    inbox_id: str
    thread_id: str
    direction: Direction
    status: str
    message_id_header: str
    wire_message_ids: list[str]
    in_reply_to: str | None
    references: list[str]
    subject: str
    from_address: Address
    to_addresses: list[Address]
    cc_addresses: list[Address]
    bcc_addresses: list[Address]
    reply_to_addresses: list[Address]
    preview: str
    labels: list[str]
    has_attachments: bool
    attachments: list[Attachment]
    size: int
    envelope: Envelope | None
    recipients: list[Recipient]
    authentication: Authentication | None
    trust: str
    flags: list[str]
    parse_status: str
    loop_class: str
    spam_score: float | None
    screening: Screening | None
    hold: Hold | None
    based_on: list[str]
    send_at: str | None
    created_at: str
    sent_at: str | None
    received_at: str | None
    text_body: OptionalText = UNSET
    html_body: OptionalText = UNSET
    markdown_body: OptionalText = UNSET
    extracted_text: OptionalText = UNSET
    extracted_html: OptionalText = UNSET
    headers: list[Header] | UnsetType = UNSET


class Thread(msgspec.Struct, kw_only=True):
    """`direction`, `trust`, `authentication` and `flags` are those of the last message, whose `preview` it shows.
    `messages` and its page token are left out of list rows."""

    id: str
    environment_id: str
    inbox_id: str
    subject: str
    participants: list[Address]
    message_count: int
    last_message_id: str | None
    last_message_at: str
    labels: list[str]
    preview: str
    direction: Direction
    trust: str
    authentication: Authentication | None
    flags: list[str]
    has_attachments: bool
    created_at: str
    messages: list[Message] | UnsetType = UNSET
    messages_next_page_token: str | None | UnsetType = UNSET


class Label(msgspec.Struct, kw_only=True):
    """A label in use. `guarded` ones are set by the server only."""

    name: str
    guarded: bool


class Highlights(msgspec.Struct, kw_only=True):
    """HTML: the text escaped, the found words in `<mark>`."""

    subject: str
    text: str


class SearchResult(msgspec.Struct, kw_only=True):
    message: Message
    highlights: Highlights


class UploadUrl(msgspec.Struct, kw_only=True):
    """Where to PUT the bytes, and the key to send them with."""

    upload_url: str
    method: str
    headers: dict[str, str]
    key: str
    expires_at: str


LabelText = Annotated[str, Meta(max_length=200)]
IdText = Annotated[str, Meta(max_length=64)]


class ChangeLabels(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    labels: Annotated[list[LabelText], Meta(max_length=64)] = []


class BatchGet(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    ids: Annotated[list[IdText], Meta(min_length=1, max_length=100)]


class BatchLabels(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    ids: Annotated[list[IdText], Meta(min_length=1, max_length=100)]
    add: Annotated[list[LabelText], Meta(max_length=64)] = []
    remove: Annotated[list[LabelText], Meta(max_length=64)] = []


class NewUpload(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    filename: Annotated[str, Meta(min_length=1, max_length=1000)]
    mime_type: Annotated[str, Meta(min_length=3, max_length=255)]
    size: Annotated[int, Meta(ge=1)]


_addresses = msgspec.json.Decoder(list[Address])
_address = msgspec.json.Decoder(Address)
_envelope = msgspec.json.Decoder(Envelope)
_authentication = msgspec.json.Decoder(Authentication)
_screening = msgspec.json.Decoder(Screening)
_hold = msgspec.json.Decoder(Hold)
_attachments = msgspec.json.Decoder(list[Attachment])
_recipients = msgspec.json.Decoder(list[Recipient])
_headers = msgspec.json.Decoder(list[Header])


def message_of(row: Any) -> Message:
    """A list row: everything but the texts and headers."""
    return Message(
        id=ids.encode("msg", row["id"]),
        environment_id=ids.encode("env", row["environment_id"]),
        inbox_id=ids.encode("inb", row["inbox_id"]),
        thread_id=ids.encode("thr", row["thread_id"]),
        direction=row["direction"],
        status=row["status"],
        message_id_header=row["message_id_header"],
        wire_message_ids=row["wire_message_ids"],
        in_reply_to=row["in_reply_to"],
        references=row["reference_ids"],
        subject=row["subject"],
        from_address=_address.decode(row["from_address"]),
        to_addresses=_many(_addresses, row["to_addresses"]),
        cc_addresses=_many(_addresses, row["cc_addresses"]),
        bcc_addresses=_many(_addresses, row["bcc_addresses"]),
        reply_to_addresses=_many(_addresses, row["reply_to_addresses"]),
        preview=row["preview"],
        labels=row["labels"],
        has_attachments=row["has_attachments"],
        attachments=attachments_of(row["attachments"]),
        size=row["size"],
        envelope=_one(_envelope, row["envelope"]),
        recipients=_many(_recipients, row["recipients"]),
        authentication=_one(_authentication, row["authentication"]),
        trust=row["trust"],
        flags=row["flags"],
        parse_status=row["parse_status"],
        loop_class=row["loop_class"],
        # Single precision in its column.
        spam_score=None if row["spam_score"] is None else round(row["spam_score"], 2),
        screening=_one(_screening, row["screening"]),
        hold=_one(_hold, row["hold"]),
        based_on=[ids.encode("msg", one) for one in row["based_on"]],
        send_at=rfc3339_or_none(row["send_at"]),
        created_at=rfc3339(row["created_at"]),
        sent_at=rfc3339_or_none(row["sent_at"]),
        received_at=rfc3339_or_none(row["received_at"]),
    )


def whole_message_of(row: Any) -> Message:
    """A message that is read by itself."""
    message = message_of(row)
    message.text_body = row["text_body"]
    message.html_body = row["html_body"]
    message.markdown_body = None
    message.extracted_text = row["extracted_text"]
    message.extracted_html = row["extracted_html"]
    message.headers = _many(_headers, row["headers"])
    return message


def attachments_of(text: str | None) -> list[Attachment]:
    """From the database's own JSON of the rows, whose ids are not yet encoded."""
    found = _many(_attachments, text)
    for one in found:
        one.id = ids.encode("att", UUID(one.id))
        one.message_id = ids.encode("msg", UUID(one.message_id))
    return found


def thread_of(row: Any) -> Thread:
    return Thread(
        id=ids.encode("thr", row["id"]),
        environment_id=ids.encode("env", row["environment_id"]),
        inbox_id=ids.encode("inb", row["inbox_id"]),
        subject=row["subject"],
        participants=_addresses.decode(row["participants"]),
        message_count=row["message_count"],
        last_message_id=ids.encode_or_none("msg", row["last_message_id"]),
        last_message_at=rfc3339(row["last_message_at"]),
        labels=row["labels"],
        preview=row["preview"],
        direction=row["direction"],
        trust=row["trust"],
        authentication=_one(_authentication, row["authentication"]),
        flags=row["flags"],
        has_attachments=row["has_attachments"],
        created_at=rfc3339(row["created_at"]),
    )


def _many(decoder: msgspec.json.Decoder[list[T]], text: str | None) -> list[T]:
    # Most lists of most messages are empty.
    return [] if text is None or text == "[]" else decoder.decode(text)


def _one(decoder: msgspec.json.Decoder[T], text: str | None) -> T | None:
    return None if text is None else decoder.decode(text)
