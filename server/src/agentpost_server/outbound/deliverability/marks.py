"""What moved recipients count as, summed for each inbox that a transaction touches. Pure.

Statuses only move forward and each move is made once, so that nothing is counted twice. `sent` is everybody whose
mail server was reached: whom it refused at once counts too, or a rate could be more than everything. What was
captured, failed here or is suppressed was shown to nobody and counts nowhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from agentpost_server.outbound.change import Change, Key

_REACHED: Final = frozenset(("sent", "delivered", "bounced", "complained"))
_SENT, _DELIVERED, _BOUNCED, _HARD_BOUNCED, _COMPLAINED = range(5)


class HasRow(Protocol):
    """A message under its lock."""

    @property
    def row(self) -> Mapping[str, object]: ...


def marks(held: Mapping[Key, HasRow], moved: Iterable[tuple[str, Change]]) -> list[tuple[object, ...]]:
    """(organization, environment, inbox, sent, delivered, bounced, bounced for good, complained) of each inbox with
    anything to count. `moved` pairs every change with the status before it."""
    counts: defaultdict[tuple[object, ...], list[int]] = defaultdict(lambda: [0] * 5)
    for before, one in moved:
        if one.status not in _REACHED:
            continue
        row = held[one.key].row
        count = counts[one.organization_id, row["environment_id"], row["inbox_id"]]
        count[_SENT] += before not in _REACHED
        count[_DELIVERED] += one.status == "delivered"
        count[_BOUNCED] += one.status == "bounced"
        count[_HARD_BOUNCED] += one.status == "bounced" and one.bounce_type == "permanent"
        count[_COMPLAINED] += one.status == "complained"
    return [(*inbox, *count) for inbox, count in counts.items()]
