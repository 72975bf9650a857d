"""What the parser hands out: plain frozen values that PostgreSQL can store and msgpack can carry between processes.

No text in them holds NUL or a lone surrogate; every list and text has the bound that `parse_limits` states.
"""

from datetime import datetime
from typing import Literal

import msgspec

from agentpost_server.mail.model import Address

Headers = tuple[tuple[str, str], ...]
ParseStatus = Literal["ok", "defective", "limited"]
LoopClass = Literal["none", "auto_generated", "auto_replied", "list", "bounce"]
MessageFlag = Literal["mixed_script", "double_from", "type_mismatch", "oversize"]
AttachmentFlag = Literal["encrypted", "macro", "archive", "type_mismatch"]
Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]


class ParsedAttachment(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A leaf of the MIME tree that is not the body. `sha256` is hex of `content`, the bytes after transfer decoding.

    `filename` is never empty and safe to show or to write; `mime_type` is what to believe, `declared_mime_type` what
    the sender said. `content_id` is without angle brackets and unique in its mail.
    """

    filename: str
    mime_type: str
    declared_mime_type: str | None
    size: int
    sha256: str
    disposition: Literal["attachment", "inline"]
    content_id: str | None
    flags: tuple[AttachmentFlag, ...]
    content: bytes


class ReportedRecipient(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The per-recipient fields of a delivery status (RFC 3464 2.3).

    `action` is None when missing or unknown; `status` is an enhanced code such as `5.1.1` (RFC 3463).
    """

    final_recipient: str | None
    original_recipient: str | None
    action: Action | None
    status: str | None
    smtp_code: int | None
    diagnostic_code: str | None
    remote_mta: str | None


class DeliveryReport(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="delivery_report"):
    """A delivery status notification (RFC 3464). A claim by whoever sent it: match it before acting on it."""

    reporting_mta: str | None
    original_envelope_id: str | None
    recipients: tuple[ReportedRecipient, ...]
    original_message_id: str | None
    original_headers: Headers


class ComplaintReport(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="complaint_report"):
    """A feedback report (ARF, RFC 5965). A claim by whoever sent it: match it before acting on it."""

    feedback_type: str
    user_agent: str | None
    original_mail_from: str | None
    original_recipients: tuple[str, ...]
    source_ip: str | None
    reported_domains: tuple[str, ...]
    original_message_id: str | None
    original_headers: Headers


class ParsedMail(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One mail, read. Built by `mail.parse.parse`.

    `headers` are decoded, in order, repeats kept. `from_address` is the first mailbox of the first From field;
    `from_count` counts From fields and `from_addresses` holds the mailboxes of all. `single_author` is true only for
    exactly one From field that is exactly one mailbox, with nothing odd in it: nothing else may count as authenticated.
    `message_id`, `in_reply_to` and `references` keep their angle brackets. `date` is UTC and plausible (1970–2999),
    else None. `text_body` and `html_body` have LF line ends. `text_body` is None when part of what the reader sees
    exists only as HTML. `defects` are codes of `mail.findings`.
    """

    headers: Headers
    subject: str
    from_address: Address | None
    from_addresses: tuple[Address, ...]
    from_count: int
    single_author: bool
    sender: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    date: datetime | None
    text_body: str | None
    html_body: str | None
    attachments: tuple[ParsedAttachment, ...]
    flags: tuple[MessageFlag, ...]
    defects: tuple[str, ...]
    parse_status: ParseStatus
    loop_class: LoopClass
    report: DeliveryReport | ComplaintReport | None
