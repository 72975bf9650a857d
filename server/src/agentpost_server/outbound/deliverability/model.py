"""Shapes of deliverability (SPEC 22)."""

import msgspec

from agentpost_server.outbound.deliverability.score import Band


class Moment(msgspec.Struct, kw_only=True):
    """One hour or day of the series; `at` is when it begins (UTC)."""

    at: str
    sent: int
    """Recipients whose mail server was reached, whatever it said."""
    delivered: int
    bounced: int
    """For good, or put off until it was too late."""
    hard_bounced: int
    """For good: what the bounce rate counts."""
    complained: int


class Deliverability(msgspec.Struct, kw_only=True):
    """Numbers of a window, counted when they were told: a bounce of today may be of yesterday's mail."""

    score: int | None
    """`100 − bounce_rate × 5 − complaint_rate × 20`, 0 to 100. Null under 50 recipients."""
    band: Band | None
    """`excellent` from 90, `good` from 70, `warning` from 50, else `critical`; never better than `warning` from half of
    the rate that pauses. Null under 50 recipients."""
    sent: int
    bounce_rate: float
    """Percent of `sent` that bounced for good."""
    complaint_rate: float
    """Percent of `sent` that complained."""
    window_days: int
    series: list[Moment]
    """Oldest first, without gaps. The first one may begin before the window does."""
