"""The events that tell of moved recipients (SPEC 22): one for each message and kind, naming those it is about. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.core.times import rfc3339_or_none
from agentpost_server.events.append import NewEvent
from agentpost_server.mail.model import Address
from agentpost_server.outbound.change import Change

# What was captured ended its way here, as a delivered mail does: whoever waits for the end must hear of it.
_TOLD: Final[dict[str, tuple[str, ...]]] = {
    "sent": ("sent",),
    "delivered": ("delivered",),
    "captured": ("sent", "delivered"),
    "deferred": ("deferred",),
    "unknown": ("unknown",),
    "failed": ("failed",),
    "bounced": ("bounced",),
    "complained": ("complained",),
    "suppressed": ("rejected",),
    "rejected": ("rejected",),
}
# Why a message was rejected, by what its recipients are.
_REASONS: Final = {"suppressed": "suppressed", "rejected": "transport"}


def announcements(row: Any, status: str, told: Sequence[Change]) -> list[tuple[Scope, NewEvent]]:
    """Events of one message's row, in the order in which things happened. `status` is the message's own, afterwards."""
    groups: defaultdict[tuple[str, str | None], list[Change]] = defaultdict(list)
    for one in told:
        for kind in _TOLD.get(one.status, ()):
            groups[kind, one.bounce_type if kind == "bounced" else _reason(one)].append(one)
    scope = Scope(row["organization_id"], row["environment_id"])
    return [
        (scope, NewEvent(type=f"message.{kind}", inbox_id=row["inbox_id"], data=_data(row, status, kind, group)))
        for (kind, reason), group in groups.items()
        # A suppressed recipient rejects the message only when nobody else is left.
        if reason != "suppressed" or status == "rejected"
    ]


def _reason(one: Change) -> str | None:
    return "policy" if one.by_policy else _REASONS.get(one.status)


def names(row: Any) -> dict[str, str]:
    """The ids that begin the data of every event about a message."""
    return {
        "message_id": ids.encode("msg", row["id"]),
        "thread_id": ids.encode("thr", row["thread_id"]),
        "inbox_id": ids.encode("inb", row["inbox_id"]),
    }


def origin(flags: Sequence[str] = ()) -> dict[str, object]:
    """Where it comes from, in the keys that are told of mail that comes in: from us, and nobody has to check that."""
    return {"direction": "outbound", "trust": "internal", "authentication": None, "flags": list(flags)}


def progress(
    row: Any, status: str, recipients: list[str], *, transport: str | None = None, detail: str | None = None
) -> dict[str, object]:
    """Data of `message.queued|scheduled|sent|delivered|deferred|unknown|failed`."""
    return {
        **names(row),
        "direction": "outbound",
        "from_address": msgspec.json.decode(row["from_address"], type=Address).email,
        "to_addresses": [one.email for one in msgspec.json.decode(row["to_addresses"], type=list[Address])],
        "subject": row["subject"],
        "recipients": recipients,
        "status": status,
        "send_at": rfc3339_or_none(row["send_at"]),
        "transport": transport,
        "detail": detail,
    }


def _data(row: Any, status: str, kind: str, group: list[Change]) -> dict[str, object]:
    if kind == "bounced":
        bounced = [{"email_address": one.email, "code": one.enhanced_code, "detail": one.detail} for one in group]
        return {**names(row), "bounce_type": group[0].bounce_type or "undetermined", "bounced_recipients": bounced}
    if kind == "complained":
        complained = [one.email for one in group]
        return {**names(row), "complained_recipients": complained, "feedback_type": group[0].feedback_type}
    if kind == "rejected":
        reason = _reason(group[0])
        return {**names(row), "reason": reason, "decided_by": None, "detail": group[0].detail}
    return progress(row, status, [one.email for one in group], transport=group[0].transport, detail=group[0].detail)
