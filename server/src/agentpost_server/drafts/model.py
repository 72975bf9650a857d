"""Shapes of drafts (SPEC 22): what creating, changing and sending one takes, and what is answered."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agentpost_server.core import ids
from agentpost_server.core.scope import Actor
from agentpost_server.core.times import rfc3339, rfc3339_or_none
from agentpost_server.drafts.content import Content
from agentpost_server.mail.model import Address
from agentpost_server.outbound.model import (
    MAX_ATTACHMENTS,
    AddressList,
    AttachmentIn,
    Body,
    Labels,
    MessageIds,
    Send,
    SendAt,
    Subject,
)

DraftStatus = Literal["open", "scheduled", "sending", "failed"]
ClientId = Annotated[str, Meta(min_length=1, max_length=256)]
RevisionNumber = Annotated[int, Meta(ge=1, le=2_147_483_647)]
Headers = Annotated[dict[str, str], Meta(max_length=50)]
Attachments = Annotated[list[AttachmentIn], Meta(max_length=MAX_ATTACHMENTS)]
InReplyTo = Annotated[str, Meta(max_length=998)]


class CreateDraft(Send, kw_only=True, forbid_unknown_fields=True):
    """All that a send takes, and nothing of it required. With `in_reply_to` a message of this inbox, `to` and `subject`
    that are left out are those that `POST /messages/{id}/reply` would take."""

    client_id: ClientId | None = None
    """Your own name for it: a repeat returns the draft that has it instead of making another."""


class UpdateDraft(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is absent stays; null clears."""

    revision: RevisionNumber | None = None
    """The revision that you changed: 409 `revision_conflict` when the draft has another one by now."""
    to: AddressList | None | UnsetType = UNSET
    cc: AddressList | None | UnsetType = UNSET
    bcc: AddressList | None | UnsetType = UNSET
    reply_to: AddressList | None | UnsetType = UNSET
    subject: Subject | None | UnsetType = UNSET
    text_body: Body | None | UnsetType = UNSET
    html_body: Body | None | UnsetType = UNSET
    attachments: Attachments | None | UnsetType = UNSET
    """All files that it shall have: those that stay by their `key` of `attachments_meta`."""
    headers: Headers | None | UnsetType = UNSET
    labels: Labels | None | UnsetType = UNSET
    send_at: SendAt | None | UnsetType = UNSET
    in_reply_to: InReplyTo | None | UnsetType = UNSET
    based_on: MessageIds | None | UnsetType = UNSET
    unattended: bool | None | UnsetType = UNSET
    list_unsubscribe: bool | None | UnsetType = UNSET
    track_opens: bool | None | UnsetType = UNSET


class SendDraft(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    revision: RevisionNumber | None = None
    """The revision that you read: 409 `revision_conflict` when the draft has another one by now."""


class DraftFile(msgspec.Struct, kw_only=True):
    """A file of a draft. `key` names it when the draft is changed."""

    key: str
    filename: str
    mime_type: str
    size: int


class DraftFailure(msgspec.Struct, kw_only=True):
    """Why a scheduled draft was not sent, or not yet: what a send by hand would have been answered."""

    code: str
    detail: str
    fix: str
    at: str


class _DraftContent(msgspec.Struct, kw_only=True):
    thread_id: str | None
    in_reply_to: str | None
    subject: str
    to_addresses: list[Address]
    cc_addresses: list[Address]
    bcc_addresses: list[Address]
    reply_to_addresses: list[Address]
    text_body: str | None
    html_body: str | None
    attachments_meta: list[DraftFile]
    headers: dict[str, str]
    labels: list[str]
    send_at: str | None
    based_on: list[str]
    unattended: bool
    list_unsubscribe: bool
    track_opens: bool


class Draft(_DraftContent, kw_only=True):
    """What may become a message. `send_at` set: it is sent then."""

    id: str
    environment_id: str
    inbox_id: str
    client_id: str | None
    revision: int
    status: DraftStatus
    failure: DraftFailure | None
    created_by: Actor
    created_at: str
    updated_at: str


class Revision(_DraftContent, kw_only=True):
    """A draft as it was. `changed`: the fields in which it differs from the revision before; none for the first."""

    revision: int
    changed: list[str]
    author: Actor
    created_at: str


def draft_of(row: Any) -> Draft:
    return Draft(
        id=ids.encode("drf", row["id"]),
        environment_id=ids.encode("env", row["environment_id"]),
        inbox_id=ids.encode("inb", row["inbox_id"]),
        client_id=row["client_id"],
        revision=row["revision"],
        status=row["status"],
        failure=failure_of(row["failure"]),
        created_by=msgspec.json.decode(row["created_by"], type=Actor),
        created_at=rfc3339(row["created_at"]),
        updated_at=rfc3339(row["updated_at"]),
        **_shown(Content.read(row)),
    )


def revision_of(row: Any) -> Revision:
    return Revision(
        revision=row["revision"],
        changed=row["changed"],
        author=msgspec.json.decode(row["author"], type=Actor),
        created_at=rfc3339(row["created_at"]),
        **_shown(Content.read(row)),
    )


def failure_of(text: str | None) -> DraftFailure | None:
    return None if text is None else msgspec.json.decode(text, type=DraftFailure)


def _shown(content: Content) -> dict[str, Any]:
    return {
        "thread_id": ids.encode_or_none("thr", content.thread_id),
        "in_reply_to": content.in_reply_to,
        "subject": content.subject,
        "to_addresses": list(content.to),
        "cc_addresses": list(content.cc),
        "bcc_addresses": list(content.bcc),
        "reply_to_addresses": list(content.reply_to),
        "text_body": content.text_body,
        "html_body": content.html_body,
        "attachments_meta": [
            DraftFile(key=one.key, filename=one.filename, mime_type=one.mime_type, size=one.size)
            for one in content.files
        ],
        "headers": content.headers,
        "labels": list(content.labels),
        "send_at": rfc3339_or_none(content.send_at),
        "based_on": [ids.encode("msg", one) for one in content.based_on],
        "unattended": content.unattended,
        "list_unsubscribe": content.list_unsubscribe,
        "track_opens": content.track_opens,
    }
