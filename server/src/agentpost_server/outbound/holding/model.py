"""Shapes of approval (SPEC 22): what approve and reject take, and a revision of a held mail."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agentpost_server.core.scope import Actor
from agentpost_server.core.times import rfc3339, rfc3339_or_none
from agentpost_server.mail.model import Address
from agentpost_server.outbound.model import MAX_ATTACHMENTS, AddressList, AttachmentIn, Body, SendAt, Subject

Note = Annotated[str, Meta(max_length=2000)]


class Changes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of a send, in the meaning that they have there: what is absent stays, and `text_body` and `html_body` are
    the whole of what goes out, quoted original included. Who changes one of two bodies says the other too, so that
    nobody reads what was taken out."""

    to: AddressList | UnsetType = UNSET
    cc: AddressList | UnsetType = UNSET
    bcc: AddressList | UnsetType = UNSET
    reply_to: AddressList | UnsetType = UNSET
    subject: Subject | UnsetType = UNSET
    text_body: Body | None | UnsetType = UNSET
    html_body: Body | None | UnsetType = UNSET
    attachments: Annotated[list[AttachmentIn], Meta(max_length=MAX_ATTACHMENTS)] | UnsetType = UNSET
    """All of them. Those that it has already: by their `attachment_id`."""
    headers: Annotated[dict[str, str], Meta(max_length=50)] | UnsetType = UNSET
    send_at: SendAt | None | UnsetType = UNSET
    unattended: bool | UnsetType = UNSET
    list_unsubscribe: bool | UnsetType = UNSET
    track_opens: bool | UnsetType = UNSET


class Approve(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    revision: Annotated[int, Meta(ge=1)]
    """The one that was looked at: `hold.revision`."""
    changes: Changes | None = None


class Reject(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    note: Note | None = None


class FileMeta(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    filename: str
    mime_type: str
    size: int


class MessageRevision(msgspec.Struct, kw_only=True):
    """What a held mail said. `changed` names the fields in which it differs from the revision before."""

    revision: int
    changed: list[str]
    author: Actor
    created_at: str
    subject: str
    to_addresses: list[Address]
    cc_addresses: list[Address]
    bcc_addresses: list[Address]
    reply_to_addresses: list[Address]
    text_body: str | None
    html_body: str | None
    attachments_meta: list[FileMeta]
    headers: dict[str, str]
    send_at: str | None
    unattended: bool
    list_unsubscribe: bool
    track_opens: bool


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a held mail that an approver may change."""

    subject: str
    to_addresses: list[Address]
    cc_addresses: list[Address]
    bcc_addresses: list[Address]
    reply_to_addresses: list[Address]
    text_body: str | None
    html_body: str | None
    attachments_meta: list[FileMeta]
    headers: dict[str, str]
    send_at: datetime | None
    unattended: bool
    list_unsubscribe: bool
    track_opens: bool


def revision_of(row: Any) -> MessageRevision:
    content = msgspec.json.decode(row["content"], type=Content)
    said = {name: getattr(content, name) for name in Content.__struct_fields__ if name != "send_at"}
    return MessageRevision(
        revision=row["revision"],
        changed=row["changed"],
        author=msgspec.json.decode(row["author"], type=Actor),
        created_at=rfc3339(row["created_at"]),
        send_at=rfc3339_or_none(content.send_at),
        **said,
    )
