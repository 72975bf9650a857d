"""The filters of a message list, turned into what an index holds: facets, id bounds, words of the subject."""

from datetime import datetime
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound, invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.mail.address import canonical
from agentpost_server.messages import labels as label_rules

HIGHEST = UUID(int=(1 << 128) - 1)
LOWEST = UUID(int=0)
# What mail that was withheld on its way in is found by, and left out by.
HELD = "status:held"
STATUSES = frozenset(
    "scheduled pending_approval queued sending sent delivered bounced complained rejected failed unknown cancelled"
    " received held".split()
)


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list was asked for, as given."""

    inbox_id: str | None = None
    thread: str | None = None
    labels: tuple[str, ...] = ()
    sender: str | None = None
    to: str | None = None
    subject: str | None = None
    direction: str | None = None
    status: str | None = None
    before: datetime | None = None
    after: datetime | None = None
    has_attachments: bool | None = None


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """Where to walk and what to keep. `inbox_ids` empty: the whole environment. `facets` has the rarest kind first.
    Both bounds of the id are exclusive."""

    inbox_ids: tuple[UUID, ...]
    thread_id: UUID | None
    facets: tuple[str, ...]
    without: tuple[str, ...]
    words: str | None
    lower: UUID
    upper: UUID

    def from_cursor(self, cursor: UUID | None, ascending: bool) -> "Walk":
        """The rest of the walk, behind the last row of the page before."""
        if cursor is None:
            return self
        if ascending:
            return msgspec.structs.replace(self, lower=max(self.lower, cursor))
        return msgspec.structs.replace(self, upper=min(self.upper, cursor))


def inboxes_of(tenant: Scope, inbox_id: str | None) -> tuple[UUID, ...]:
    """The inboxes that a list walks: the one named, else those of the key, else () for all. NotFound for another's."""
    if inbox_id is None:
        return tenant.inbox_ids
    wanted = ids.decode("inb", inbox_id)
    if not tenant.may_use(wanted):
        raise NotFound
    return (wanted,)


def walk_of(tenant: Scope, filters: Filters, words: str | None) -> Walk:
    """`words`: the subject's words as the search function takes them."""
    facets, without = _facets(filters)
    upper = HIGHEST if filters.before is None else _bound("before", filters.before, lower=False)
    if not tenant.sees_held:
        without.add(HELD)
        # Nothing to walk for whoever asks for what is withheld.
        upper = LOWEST if facets & {HELD, "label:held"} else upper
    return Walk(
        inbox_ids=inboxes_of(tenant, filters.inbox_id),
        thread_id=None if filters.thread is None else ids.decode("thr", filters.thread),
        facets=tuple(sorted(facets, key=_commonness)),
        without=tuple(without),
        words=words,
        lower=LOWEST if filters.after is None else _bound("after", filters.after, lower=True),
        upper=upper,
    )


def _facets(filters: Filters) -> tuple[set[str], set[str]]:
    facets = {f"label:{one}" for one in label_rules.check(filters.labels, "labels")}
    without: set[str] = set()
    if filters.sender is not None:
        facets.add(f"from:{_canonical(filters.sender)}")
    if filters.to is not None:
        facets.add(f"to:{_canonical(filters.to)}")
    if filters.direction is not None:
        facets.add("label:received" if filters.direction == "inbound" else "label:sent")
    if filters.status == "received":
        # The ordinary state of inbound mail has no facet of its own: it would double the index for nothing.
        facets.add("label:received")
        without.add(HELD)
    elif filters.status is not None:
        facets.add(f"status:{filters.status}")
    if filters.has_attachments is not None:
        (facets if filters.has_attachments else without).add("attachments")
    return facets, without


def _commonness(facet: str) -> tuple[int, str]:
    """The walk follows the first facet and only looks the others up, so the rarest kind should lead."""
    if facet.startswith(("from:", "to:")):
        return 0, facet
    return {"attachments": 3, "label:unread": 4, "label:received": 5, "label:sent": 5}.get(facet, 1), facet


def _canonical(address: str) -> str:
    return canonical(address.replace("\x00", ""))


def _bound(field: str, moment: datetime, *, lower: bool) -> UUID:
    """Ids made at `moment` or later lie above the lower bound; those made before it below the upper."""
    if moment.tzinfo is None:
        raise invalid_field(field, "must have a time zone, such as Z")
    try:
        milliseconds = -int(-moment.timestamp() * 1000 // 1)
    except OverflowError:
        raise invalid_field(field, "is outside of all time") from None
    bound = ids.lowest_id_at(min(milliseconds, (1 << 48) - 1))
    return UUID(int=max(bound.int - 1, 0)) if lower else bound
