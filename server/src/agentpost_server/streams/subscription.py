"""One subscription: which events of one organization, from where on, and whether the log or the hub serves it now."""

from uuid import UUID

from agentpost_server.accounts import Caller
from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.db import Tx
from agentpost_server.events import Selection
from agentpost_server.events.read import check_types
from agentpost_server.streams import store
from agentpost_server.streams.entry import Entry
from agentpost_server.streams.model import Filter


class Subscription:
    """Everything up to `position` was handed over; while `live`, the hub hands over what comes after it."""

    __slots__ = ("filter", "live", "position", "selection", "start")

    def __init__(self, given: Filter, selection: Selection, position: int) -> None:
        self.filter = given
        self.selection = selection
        self.start = position
        self.position = position
        self.live = False

    def holds(self, entry: Entry) -> bool:
        return self.selection.holds(entry.environment_id, entry.inbox_id, entry.type)

    def takes(self, entry: Entry) -> bool:
        """Whether the hub hands it this one."""
        return self.live and entry.position > self.position and self.holds(entry)

    def covers(self, entry: Entry) -> bool:
        """Whether it handed over this one already, or will: another subscription need not."""
        return self.live and entry.position > self.start and self.holds(entry)


async def select(tx: Tx, caller: Caller, given: Filter, environment: str | None) -> Selection:
    """The events that `given` names, as far as the key may see them; NotFound when it names something that it may not.

    Without `environment_ids`: the environment of the request's header, else every one that the key may use.
    """
    types = check_types(list(given.event_types), field="event_types")
    environments = _environments(caller, given, environment)
    inbox_ids: tuple[UUID, ...] = caller.inbox_ids
    if given.inbox_id is not None:
        inbox_id = ids.decode("inb", given.inbox_id)
        if inbox_ids and inbox_id not in inbox_ids:
            raise NotFound
        if not await store.inbox_exists(tx, caller.organization_id, environments, inbox_id):
            raise NotFound
        inbox_ids = (inbox_id,)
    return Selection(
        organization_id=caller.organization_id, environment_ids=environments, inbox_ids=inbox_ids, types=types
    )


def _environments(caller: Caller, given: Filter, environment: str | None) -> tuple[UUID, ...]:
    usable = {one.id for one in caller.environments}
    if given.environment_ids:
        named = {ids.decode("env", one) for one in given.environment_ids}
        if not named <= usable:
            raise NotFound
        return tuple(named)
    return (caller.enter(environment).environment_id,) if environment else tuple(usable)


def same_filter(one: Filter, other: Filter) -> bool:
    """Equal in meaning: order and case of names do not matter."""
    return _normal(one) == _normal(other)


def _normal(given: Filter) -> tuple[frozenset[str], str | None, frozenset[str]]:
    return (
        frozenset(given.event_types),
        given.inbox_id.upper() if given.inbox_id else None,
        frozenset(one.upper() for one in given.environment_ids),
    )
