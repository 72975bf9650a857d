"""What a recipient's status may become, and what a message's is of its recipients'. Pure.

One table, forward only: whatever arrives late, twice or out of order moves a recipient on or not at all. What may
still follow an end is what providers really tell later: a bounce behind a delivery, a complaint behind both, and that
what they had taken was not sent after all.
"""

from collections.abc import Collection, Mapping
from typing import Final

_ENDS_OF_A_CALL: Final = ("sent", "delivered", "captured", "bounced", "complained", "failed", "rejected", "suppressed")

MOVES: Final[Mapping[str, frozenset[str]]] = {
    "queued": frozenset(("sending", "suppressed", "rejected", "cancelled")),
    "sending": frozenset((*_ENDS_OF_A_CALL, "deferred", "unknown")),
    "deferred": frozenset((*_ENDS_OF_A_CALL, "sending", "unknown", "cancelled")),
    # What nobody knew can be learnt: from the provider, or from a worker that was only late.
    "unknown": frozenset(_ENDS_OF_A_CALL),
    "sent": frozenset(("delivered", "bounced", "complained", "rejected", "suppressed")),
    "delivered": frozenset(("bounced", "complained")),
    "bounced": frozenset(("complained",)),
    "complained": frozenset(),
    "captured": frozenset(),
    "failed": frozenset(),
    "rejected": frozenset(),
    "suppressed": frozenset(),
    "cancelled": frozenset(),
}


def may_become(status: str, reported: str) -> bool:
    return reported in MOVES[status]


def message_status(statuses: Collection[str], *, before: str = "queued") -> str:
    """A message's status from its recipients' (SPEC 22: the first rule that holds). `captured` counts as delivered.

    `before` is what a message is called that nobody has begun to send: `queued` or `scheduled`. Who is suppressed was
    never written to and says nothing, unless everybody is: then the message was rejected.
    """
    live = {"delivered" if status == "captured" else status for status in statuses if status != "suppressed"}
    if not live:
        return "rejected"
    if live == {"queued"}:
        return before
    if live & {"queued", "sending"}:
        return "sending"
    if "unknown" in live:
        return "unknown"
    if len(live) == 1 and live != {"deferred"}:
        return next(iter(live))
    for status, said in (("complained", {"complained"}), ("bounced", {"bounced"}), ("failed", {"rejected", "failed"})):
        if live & said:
            return status
    return "sent" if live & {"sent", "deferred"} else "delivered"
