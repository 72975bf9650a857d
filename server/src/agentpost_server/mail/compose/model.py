"""What a mail to be composed consists of. Addresses were read by `mail.address`, headers by `mail.safe_headers`."""

from datetime import datetime
from typing import Literal

import msgspec

from agentpost_server.mail.model import Address

AutoSubmitted = Literal["auto-generated", "auto-replied"]


class OutgoingAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file. `inline` with `content_id` (with or without angle brackets) is what `cid:` in the HTML names."""

    filename: str
    mime_type: str
    content: bytes
    inline: bool = False
    content_id: str | None = None


class OutgoingMail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ends up in the octets. There is no `bcc`: it lives in the SMTP envelope only.

    `message_id`, `in_reply_to` and `references` carry their angle brackets. `headers` are extra fields in order.
    """

    from_address: Address
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    message_id: str
    date: datetime
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    text_body: str | None = None
    html_body: str | None = None
    attachments: tuple[OutgoingAttachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    auto_submitted: AutoSubmitted | None = None
    list_unsubscribe: str | None = None
