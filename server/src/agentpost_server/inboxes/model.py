"""Shapes of an inbox (SPEC 22), and the rules that its parts obey."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339, rfc3339_or_none

PauseReason = Literal["manual", "bounce_rate", "complaint_rate", "kill_switch", "governance"]
MetadataValue = str | int | float | bool
Metadata = Annotated[dict[str, MetadataValue], Meta(max_length=64)]
Username = Annotated[str, Meta(min_length=1, max_length=64)]
DisplayName = Annotated[str, Meta(max_length=256)]
ClientId = Annotated[str, Meta(min_length=1, max_length=256)]


class Inbox(msgspec.Struct, kw_only=True):
    id: str
    environment_id: str
    email: str
    username: str
    domain: str
    display_name: str | None
    client_id: str | None
    metadata: dict[str, MetadataValue]
    send_paused: bool
    pause_reason: PauseReason | None
    paused_at: str | None
    created_at: str
    updated_at: str


class CreateInbox(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    username: Username | None = None
    """The part before the @. None: a readable one is generated."""
    domain: Annotated[str, Meta(max_length=253)] | None = None
    """A verified domain of this environment. None: the server's shared domain, with a random suffix to the name."""
    display_name: DisplayName | None = None
    client_id: ClientId | None = None
    """Your own name for it: a repeat returns the first inbox instead of making another."""
    metadata: Metadata = {}


class UpdateInbox(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    display_name: DisplayName | None | UnsetType = UNSET
    metadata: Metadata | None | UnsetType = UNSET


def inbox_of(row: Any) -> Inbox:
    return Inbox(
        id=ids.encode("inb", row["id"]),
        environment_id=ids.encode("env", row["environment_id"]),
        email=row["email"],
        username=row["username"],
        domain=row["domain"],
        display_name=row["display_name"],
        client_id=row["client_id"],
        metadata=msgspec.json.decode(row["metadata"]),
        send_paused=row["send_paused"],
        pause_reason=row["pause_reason"],
        paused_at=rfc3339_or_none(row["paused_at"]),
        created_at=rfc3339(row["created_at"]),
        updated_at=rfc3339(row["updated_at"]),
    )
