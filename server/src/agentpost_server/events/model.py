"""The envelope of an event (SPEC 22): the same in the log, webhooks, WebSocket and server-sent events."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. `data` depends on the type and is passed on as it was stored, unread."""

    id: str
    type: str
    timestamp: str
    org_id: str
    env_id: str
    data: Annotated[msgspec.Raw, Meta(description="An object; its fields depend on the type.")]


def event_of(row: Any) -> Event:
    """The envelope of a row of the log."""
    return Event(
        id=ids.encode("evt", row["id"]),
        type=row["type"],
        timestamp=rfc3339(row["occurred_at"]),
        org_id=ids.encode("org", row["organization_id"]),
        env_id=ids.encode("env", row["environment_id"]),
        data=msgspec.Raw(row["data"].encode()),
    )


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which events of one organization are meant. No inboxes or no types means all of them."""

    organization_id: UUID
    environment_ids: tuple[UUID, ...]
    inbox_ids: tuple[UUID, ...] = ()
    types: tuple[str, ...] = ()

    def holds(self, environment_id: UUID, inbox_id: UUID | None, event_type: str) -> bool:
        return (
            environment_id in self.environment_ids
            and (not self.inbox_ids or inbox_id in self.inbox_ids)
            and (not self.types or event_type in self.types)
        )
