"""Writing an event: a row in the outbox, in the transaction of the change that it tells of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.events import store
from agentpost_server.events.types import EVENT_TYPES

_bell: list[Any] = []


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event to be: `data` is a Struct or a dict of JSON values, ids encoded (SPEC 22)."""

    type: str
    data: Any
    inbox_id: UUID | None = None
    occurred_at: datetime | None = None


async def append(tx: Tx, scope: Scope, *news: NewEvent) -> list[UUID]:
    """Write events of one environment, in order. Answers their ids. The publisher is rung after the commit."""
    return await append_all(tx, [(scope, one) for one in news])


async def append_all(tx: Tx, news: Sequence[tuple[Scope, NewEvent]]) -> list[UUID]:
    """The same for a batch over several environments, in one statement."""
    unknown = {one.type for _, one in news} - EVENT_TYPES
    if unknown:
        raise ValueError(f"not in the catalogue of events: {', '.join(sorted(unknown))}")
    event_ids = [ids.new_id() for _ in news]
    await store.insert(tx, event_ids, news)
    tx.after_commit(ring)
    return event_ids


def ring() -> None:
    """Tell this process's publisher that the outbox has something. Set once by `listen`."""
    for act in _bell:
        act()


def listen(act: Any) -> Any:
    """Call `act()` after every commit that appended; returns how to stop."""
    _bell.append(act)
    return lambda: _bell.remove(act)
