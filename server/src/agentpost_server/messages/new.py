"""A message about to be stored, whichever way it came: what ingest and submit hand to `messages.add`."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.mail.model import Address


class NewAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a new message. Its blob has the attachment's id; `content` is None where the bytes are stored already
    (in the blob store, or as a blobs row that the caller wrote)."""

    id: UUID
    filename: str
    mime_type: str
    declared_mime_type: str | None
    size: int
    sha256: str
    disposition: Literal["attachment", "inline"]
    content_id: str | None = None
    flags: tuple[str, ...] = ()
    content: bytes | None = None


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message, complete but for its thread. Texts are already free of NUL and surrogates."""

    id: UUID
    scope: Scope
    inbox_id: UUID
    direction: Literal["inbound", "outbound"]
    status: str
    message_id_header: str
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    subject: str
    from_address: Address
    to_addresses: tuple[Address, ...] = ()
    cc_addresses: tuple[Address, ...] = ()
    bcc_addresses: tuple[Address, ...] = ()
    reply_to_addresses: tuple[Address, ...] = ()
    text_body: str | None = None
    html_body: str | None = None
    extracted_text: str | None = None
    extracted_html: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    preview: str = ""
    labels: tuple[str, ...] = ()
    size: int
    envelope: dict[str, object] | None = None
    authentication: dict[str, object] | None = None
    trust: Literal["internal", "verified", "unverified", "failed"]
    flags: tuple[str, ...] = ()
    parse_status: Literal["ok", "defective", "limited", "failed"] = "ok"
    loop_class: str = "none"
    spam_score: float | None = None
    """None where nobody judged: mail of our own, and between inboxes of this server."""
    screening: dict[str, object] | None = None
    """SPEC 22's keys. None for what we send."""
    based_on: tuple[UUID, ...] = ()
    send_at: datetime | None = None
    created_at: datetime
    received_at: datetime | None = None
    attachments: tuple[NewAttachment, ...] = ()
    thread_id: UUID | None = None
    """Set when the thread is known (a reply through the API); otherwise the headers decide."""


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message went. `thread_created`: its thread begins with it, which withheld mail never does. `flags` are
    the message's own and those that threading found."""

    message_id: UUID
    thread_id: UUID
    thread_created: bool
    flags: tuple[str, ...]


def origin_of(message: NewMessage, added: Added) -> dict[str, object]:
    """What is told of where a message comes from, beside its words, in every event that has some of them."""
    return {
        "direction": message.direction,
        "trust": message.trust,
        "authentication": message.authentication,
        "flags": list(added.flags),
    }
