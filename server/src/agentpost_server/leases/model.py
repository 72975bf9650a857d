"""Shapes of a lease (SPEC 22)."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339
from agentpost_server.messages import Message

MOST_ATTEMPTS = 5
"""After so many a message is a dead letter. The index `leases_spent` says the same."""
LeaseSeconds = Annotated[int, Meta(ge=5, le=3600)]
Part = Annotated[str, Meta(min_length=1, max_length=500)]


class Lease(msgspec.Struct, kw_only=True):
    """`leased_until` of a released one is when its message may be claimed again."""

    lease_id: str
    message: Message
    attempt: int
    leased_until: str
    status: Literal["leased", "acked", "released", "expired"]


class Claim(msgspec.Struct, kw_only=True):
    """What a claim got: nothing when nothing is to be had now."""

    data: list[Lease]


class Filters(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All must hold."""

    label: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    """A whole label."""
    sender: Part | None = msgspec.field(default=None, name="from")
    """A part of the author's address, in any case."""
    subject: Part | None = None
    """A part of the subject, in any case."""
    thread_id: Annotated[str, Meta(max_length=64)] | None = None
    unread: bool | None = None
    """With the label `unread`, or without it."""


class ClaimMessages(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=50)] = 1
    lease_seconds: LeaseSeconds = 60
    filters: Filters = msgspec.field(default_factory=Filters)


class AckLease(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    labels: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=64)] = []
    """Added to the message."""


class ExtendLease(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    lease_seconds: LeaseSeconds
    """From now on."""


class ReleaseLease(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    delay_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 0
    """How long nobody may claim it again."""


def lease_of(row: Any, message: Message) -> Lease:
    return Lease(
        lease_id=ids.encode("lse", row["id"]),
        message=message,
        attempt=row["attempt"],
        leased_until=rfc3339(row["leased_until"]),
        status=row["status"],
    )
