"""Reading the log in its one order, from a position or from the event that a caller saw last."""

from typing import Any
from uuid import UUID

from agentpost_server.core import ids
from agentpost_server.core.errors import FieldError, Gone, NotFound, invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.db import Database, Tx
from agentpost_server.events import store
from agentpost_server.events.model import Event, Selection, event_of
from agentpost_server.events.types import EVENT_TYPES


def selection_of(scope: Scope, *, inbox_id: UUID | None = None, types: tuple[str, ...] = ()) -> Selection:
    """One environment's events, as far as the key may see them. An inbox that it may not see has none."""
    inbox_ids = scope.inbox_ids
    environments: tuple[UUID, ...] = (scope.environment_id,)
    if inbox_id is not None:
        inbox_ids = (inbox_id,)
        environments = environments if scope.may_use(inbox_id) else ()
    return Selection(
        organization_id=scope.organization_id, environment_ids=environments, inbox_ids=inbox_ids, types=types
    )


def check_types(given: list[str], *, field: str = "types") -> tuple[str, ...]:
    """Event types, repeated or separated by commas. Invalid (422) names the one that is not in the catalogue."""
    types = sorted({one.strip() for text in given for one in text.split(",") if one.strip()})
    for one in types:
        if one not in EVENT_TYPES:
            raise invalid_field(field, f"{one[:80]!r} is not a type of event")
    return tuple(types)


async def rows_after(tx: Tx, chosen: Selection, after: int, *, limit: int, until: int | None = None) -> list[Any]:
    """Up to `limit` rows with position > after (and ≤ until), in log order. Nothing is ever published in between."""
    return await store.select_after(tx, chosen, after, until, limit)


async def published(
    database: Database, organization_ids: list[UUID], after: int, until: int, *, limit: int
) -> list[Any]:
    """The same for everyone who listens, across organizations, as the worker role."""
    async with database.work(organization_ids) as tx:
        return await store.select_published(tx, organization_ids, after, until, limit)


async def log_position(database: Database) -> int:
    """The newest position: everything up to here is committed and stays in this order."""
    return await store.log_position(database)


async def position_of(tx: Tx, chosen: Selection, event_id: str, *, keep_days: int) -> int:
    """Where the event stands. Gone (410 `event_expired`) when it is unknown, another's or too old to go on from."""
    decoded = ids.decode_or_none("evt", event_id)
    row = None if decoded is None else await store.find(tx, chosen, decoded, keep_days)
    if row is not None:
        return row["position"]
    oldest = await rows_after(tx, chosen, 0, limit=1)
    oldest_id = ids.encode("evt", oldest[0]["id"]) if oldest else None
    raise Gone(
        f"The event given as after is not kept here; the oldest kept one is {oldest_id}."
        if oldest_id
        else "The event given as after is not kept here; no event is.",
        fix="Start without after, and read again what you may have missed.",
        errors=(FieldError(field="after", message=oldest_id, code="oldest_event_id"),) if oldest_id else (),
    )


async def find(tx: Tx, scope: Scope, event_id: str) -> Event:
    """Raises NotFound for what this tenant, environment or key does not have."""
    row = await store.find(tx, selection_of(scope), ids.decode("evt", event_id))
    if row is None:
        raise NotFound
    return event_of(row)
