"""From a transport's receipt to what it means for each recipient. Pure."""

from typing import Final

from agentpost_server.outbound.call import Ended
from agentpost_server.outbound.change import Change
from agentpost_server.ports.transport import Outcome

_UNSAID: Final = Outcome(status="unknown", detail="The transport said nothing of this recipient.")
_STEPS: Final[dict[str, tuple[str, ...]]] = {
    "accepted": ("sent",),
    "delivered": ("sent", "delivered"),
    "captured": ("captured",),
    "deferred": ("deferred",),
    "suppressed": ("suppressed",),
    "unknown": ("unknown",),
}


def changes(ended: Ended, *, last: bool) -> list[Change]:
    """The steps of every recipient. `last`: the schedule is over, and what is deferred once more has bounced."""
    found: list[Change] = []
    for email in ended.call.recipients:
        outcome = ended.receipt.outcomes.get(email, _UNSAID)
        found.extend(_change(ended, email, outcome, status, last) for status in _steps(outcome, last))
    return found


def next_transport(ended: Ended) -> str | None:
    """Who takes over at once: the next in turn, when nobody left was deferred for any other reason than this transport.
    A receiver's own "later" (4xx) would be the same by another one."""
    outcomes = [ended.receipt.outcomes.get(email, _UNSAID) for email in ended.call.recipients]
    left = [one for one in outcomes if one.status == "deferred"]
    if not left or not all(one.transport_fault for one in left):
        return None
    transports: list[str] = ended.call.row["transports"]
    current = ended.call.row["transport"]
    behind = transports[transports.index(current) + 1 :] if current in transports else []
    return next(iter(behind), None)


def is_fault(ended: Ended) -> bool:
    """Whether the transport itself failed somebody: the next round begins with the first one again."""
    return any(one.status == "deferred" and one.transport_fault for one in ended.receipt.outcomes.values())


def _change(ended: Ended, email: str, outcome: Outcome, status: str, last: bool) -> Change:
    row = ended.call.row
    return Change(
        organization_id=row["organization_id"],
        message_id=row["message_id"],
        email=email,
        status=status,
        transport=row["transport"],
        attempt=ended.call.tries,
        bounce_type=_bounce_type(outcome) if status == "bounced" else None,
        smtp_code=outcome.smtp_code,
        enhanced_code=outcome.enhanced_code,
        detail=_detail(outcome, last, ended.call.tries),
    )


def attempt_row(ended: Ended) -> tuple[object, ...]:
    """The attempt's own record: every outcome that it had, and the first sentence that was said."""
    outcomes = ended.receipt.outcomes.values()
    said = "+".join(sorted({one.status for one in outcomes})) or "unknown"
    detail = next((one.detail for one in outcomes if one.detail), None)
    return ended.call.claimed.organization_id, ended.call.attempt_id, said, detail, ended.receipt.provider_id


def _steps(outcome: Outcome, last: bool) -> tuple[str, ...]:
    if outcome.status == "refused":
        # Refused by a peer: a bounce. Refused by ourselves or by a transport that is not there: it failed here.
        return ("bounced",) if outcome.smtp_code is not None else ("failed",)
    if outcome.status == "deferred" and last:
        return ("bounced",)
    return _STEPS[outcome.status]


def _bounce_type(outcome: Outcome) -> str:
    return "transient" if outcome.status == "deferred" else "permanent"


def _detail(outcome: Outcome, last: bool, tries: int) -> str | None:
    if outcome.status == "deferred" and last:
        return f"Given up after {tries} tries: {outcome.detail or 'always deferred'}"[:500]
    if outcome.smtp_code is None or outcome.detail is None:
        return outcome.detail
    code = str(outcome.smtp_code)
    return outcome.detail if outcome.detail.startswith(code) else f"{code} {outcome.detail}"
