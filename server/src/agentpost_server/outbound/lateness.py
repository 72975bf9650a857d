"""Scheduled mail whose time is long over: after a downtime or a long pause it is not sent without being asked about.

What was to say good morning is not said at night. A person decides; nobody's distrust of its author is the cause, so
its author may.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from agentpost_server.core.times import rfc3339
from agentpost_server.policies import Decision, Hold

_EXPIRES_SECONDS: Final = 7 * 86_400


def late_hold(send_at: datetime | None, moment: datetime, grace_hours: int) -> Hold | None:
    """What holds a mail that was to leave at `send_at`; None when it is in time, or may be sent however late."""
    if send_at is None or grace_hours == 0 or moment - send_at <= timedelta(hours=grace_hours):
        return None
    hours = int((moment - send_at).total_seconds() // 3600)
    why = f"It was to be sent at {rfc3339(send_at)}, and could not be for {hours} hours. Should it still go?"
    return Hold(reason="approval", expires_seconds=_EXPIRES_SECONDS, author_may_approve=True, why=why)


def also_held(decision: Decision, late: Hold | None) -> Decision:
    """What refuses the send refuses it still."""
    if late is None:
        return decision
    outcome = decision.outcome if decision.outcome == "reject" else "hold"
    return msgspec.structs.replace(decision, outcome=outcome, holds=(*decision.holds, late))
