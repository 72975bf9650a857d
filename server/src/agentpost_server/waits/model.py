"""Shapes of a wait (SPEC 22)."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339, rfc3339_or_none
from agentpost_server.mail.codes import Code
from agentpost_server.messages import Message

Status = Literal["armed", "matched", "expired", "cancelled"]
Part = Annotated[str, Meta(min_length=1, max_length=500)]


class Wait(msgspec.Struct, kw_only=True):
    """`message` is the whole message once the wait has matched, and null again when that was deleted; `codes` are what
    was found in it, surest first."""

    id: str
    inbox_id: str
    status: Status
    sender: str | None = msgspec.field(name="from")
    subject: str | None
    text: str | None
    label: str | None
    has_code: bool | None
    exclusive: bool
    deadline: str
    matched_at: str | None
    message: Message | None
    codes: list[Code]
    created_at: str


class ArmWait(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is given must all hold. Without any filter the next mail matches."""

    sender: Part | None = msgspec.field(default=None, name="from")
    """A part of the author's address, in any case."""
    subject: Part | None = None
    """A part of the subject, in any case."""
    text: Part | None = None
    """A part of the text, in any case."""
    label: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    """A label that the message has when it comes, whole."""
    has_code: bool | None = None
    """True: only a mail with a one-time code or a sign-in link in it. False is as null."""
    exclusive: bool = True
    """A message matches at most one exclusive wait: the one that was armed first."""
    deadline: Annotated[datetime, Meta(tz=True)] | None = None
    """When it expires. None: 15 minutes from now; at most 7 days."""


def wait_of(row: Any, message: Message | None) -> Wait:
    return Wait(
        id=ids.encode("wai", row["id"]),
        inbox_id=ids.encode("inb", row["inbox_id"]),
        status=row["status"],
        sender=row["sender"],
        subject=row["subject"],
        text=row["body_text"],
        label=row["label"],
        has_code=row["has_code"] or None,
        exclusive=row["exclusive"],
        deadline=rfc3339(row["deadline"]),
        matched_at=rfc3339_or_none(row["matched_at"]),
        message=message,
        codes=[],
        created_at=rfc3339(row["created_at"]),
    )
