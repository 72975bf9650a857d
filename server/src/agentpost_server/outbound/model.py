"""Shapes of sending (SPEC 22): what send, reply and forward take, suppressions, and a message's history."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339
from agentpost_server.mail.model import Address
from agentpost_server.policies import Check

MAX_RECIPIENTS = 50
MAX_ATTACHMENTS = 50

# `"a@b"`, `"Ann <a@b>"` or `{"email": …, "name": …}`.
AddressIn = Annotated[str, Meta(max_length=1200)] | Address
# One more than may be sent, so that the refusal can count recipients of all three fields together.
AddressList = Annotated[list[AddressIn], Meta(max_length=1000)]
Body = Annotated[str, Meta(max_length=41_943_040)]
Subject = Annotated[str, Meta(max_length=998)]
Labels = Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=64)]
MessageIds = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=50)]
SendAt = Annotated[datetime, Meta(tz=True)]
# Tells clients that they may take octets and encode them.
Base64 = Meta(extra_json_schema={"contentEncoding": "base64"})


class AttachmentIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A file to send: exactly one of `key` (of an upload), `content` (base64), `url` and `attachment_id`."""

    key: Annotated[str, Meta(max_length=512)] | None = None
    content: Annotated[str, Meta(max_length=57_000_000), Base64] | None = None
    url: Annotated[str, Meta(max_length=2048)] | None = None
    attachment_id: Annotated[str, Meta(max_length=64)] | None = None
    filename: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    mime_type: Annotated[str, Meta(min_length=3, max_length=127)] | None = None
    inline: bool = False
    content_id: Annotated[str, Meta(min_length=1, max_length=250)] | None = None


class _Content(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What every way of sending takes."""

    to: AddressList = []
    cc: AddressList = []
    bcc: AddressList = []
    reply_to: AddressList = []
    text_body: Body | None = None
    html_body: Body | None = None
    """Without `text_body`, a text part is made from it."""
    attachments: Annotated[list[AttachmentIn], Meta(max_length=MAX_ATTACHMENTS)] = []
    headers: Annotated[dict[str, str], Meta(max_length=50)] = {}
    labels: Labels = []
    send_at: SendAt | None = None
    based_on: MessageIds = []
    unattended: bool = False
    """True: marked as sent by a program (`Auto-Submitted`), so that other programs do not answer it."""
    list_unsubscribe: bool = False
    """True: each recipient's mail carries an unsubscribe link of its own (RFC 8058). Who uses it goes on the list of
    suppressed addresses."""
    track_opens: bool = False
    """True: a picture of one pixel is added to the HTML, and its first fetching raises `message.opened`. Say so in your
    privacy notice. Many mail programs fetch every picture or none, so an open proves little."""


class Send(_Content, kw_only=True, forbid_unknown_fields=True):
    """A new message. At most 50 recipients in `to`, `cc` and `bcc` together."""

    subject: Subject = ""
    in_reply_to: Annotated[str, Meta(max_length=998)] | None = None
    """A message of this inbox (`msg_…`), or any `<message-id>`: the new one cites it."""


class Reply(_Content, kw_only=True, forbid_unknown_fields=True):
    """An answer. Without `to` it goes to the author's Reply-To or From; `to` and `cc` take the place of those."""

    subject: Subject | None = None
    """None: the original's with one `Re:`."""


class Forward(_Content, kw_only=True, forbid_unknown_fields=True):
    """The original, its files included, to somebody else. `text_body` and `html_body` stand above it."""

    subject: Subject | None = None
    """None: the original's with one `Fwd:`."""


class PreflightRecipient(msgspec.Struct, frozen=True, kw_only=True):
    email: str
    outcome: Literal["send", "suppressed", "blocked"]


class Preflight(msgspec.Struct, frozen=True, kw_only=True):
    """What a send would meet now. Between asking and sending things may change: a cap may fill."""

    outcome: Literal["send", "hold", "reject"]
    checks: tuple[Check, ...]
    recipients: tuple[PreflightRecipient, ...]


class Cancel(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class Reschedule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    send_at: SendAt


class MessageEvent(msgspec.Struct, kw_only=True):
    """One step of an outbound message's history."""

    id: str
    type: str
    recipient: str | None
    at: str
    transport: str | None
    attempt: int | None
    bounce_type: Literal["permanent", "transient", "undetermined"] | None
    smtp_code: int | None
    enhanced_code: str | None
    detail: str | None


class CreateSuppression(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    email: Annotated[str, Meta(max_length=320)]
    reason: Literal["manual"] = "manual"


class Suppression(msgspec.Struct, kw_only=True):
    """An address that this environment does not write to."""

    id: str
    environment_id: str
    email: str
    reason: Literal["bounce", "complaint", "unsubscribe", "provider", "manual"]
    message_id: str | None
    detail: str | None
    created_at: str


def message_event_of(row: Any) -> MessageEvent:
    return MessageEvent(
        id=ids.encode("evt", row["id"]),
        type=row["type"],
        recipient=row["recipient"],
        at=rfc3339(row["at"]),
        transport=row["transport"],
        attempt=row["attempt"],
        bounce_type=row["bounce_type"],
        smtp_code=row["smtp_code"],
        enhanced_code=row["enhanced_code"],
        detail=row["detail"],
    )


def suppression_of(row: Any) -> Suppression:
    return Suppression(
        id=ids.encode("sup", row["id"]),
        environment_id=ids.encode("env", row["environment_id"]),
        email=row["email"],
        reason=row["reason"],
        message_id=ids.encode_or_none("msg", row["message_id"]),
        detail=row["detail"],
        created_at=rfc3339(row["created_at"]),
    )
