"""The score of SPEC 14 and when an inbox is paused or warned. Pure, and exact: rates are compared as whole numbers."""

from fractions import Fraction
from typing import Final, Literal

import msgspec

from agentpost_server.settings import Settings

Band = Literal["excellent", "good", "warning", "critical"]
Counter = Literal["bounce_rate", "complaint_rate"]
FEWEST: Final = 50
"""Recipients under which a rate says nothing yet."""
_WARNING: Final = 50
_BANDS: Final[tuple[tuple[int, Band], ...]] = ((90, "excellent"), (70, "good"), (_WARNING, "warning"))


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the mail of a while. `bounced` is for good: what was only put off too long counts no address
    as dead."""

    sent: int = 0
    bounced: int = 0
    complained: int = 0

    @property
    def bounce_rate(self) -> float:
        return _percent(self.bounced, self.sent)

    @property
    def complaint_rate(self) -> float:
        return _percent(self.complained, self.sent)


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """Over `percent`, an inbox with at least so many recipients and so many bounces or complaints is paused."""

    counter: Counter
    percent: Fraction
    recipients: int
    count: int

    def is_passed(self, counted: int, sent: int) -> bool:
        return self.percent > 0 and counted * 100 > self.percent * sent

    def is_near(self, counted: int, sent: int) -> bool:
        """From half of it."""
        return self.percent > 0 and counted > 0 and counted * 200 >= self.percent * sent


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold that is passed. `pauses`: the numbers are large enough to act on; else they are worth a warning."""

    counter: Counter
    rate: float
    limit: float
    pauses: bool


def thresholds(settings: Settings) -> tuple[Threshold, Threshold]:
    """Of bounces and of complaints; a percentage of 0 is never passed."""
    return (
        Threshold(
            counter="bounce_rate",
            percent=Fraction(str(settings.pause_bounce_percent)),
            recipients=settings.pause_bounce_recipients,
            count=settings.pause_bounce_count,
        ),
        Threshold(
            counter="complaint_rate",
            percent=Fraction(str(settings.pause_complaint_percent)),
            recipients=settings.pause_complaint_recipients,
            count=settings.pause_complaint_count,
        ),
    )


def score(counts: Counts) -> int | None:
    """`100 − bounce% × 5 − complaint% × 20`, rounded down, 0 to 100; None under 50 recipients."""
    if counts.sent < FEWEST:
        return None
    lost = 500 * counts.bounced + 2000 * counts.complained
    return max(0, 100 + -lost // counts.sent)


def band(counts: Counts, limits: tuple[Threshold, Threshold]) -> Band | None:
    """Of the score; never better than `warning` from half a threshold on, so that a pause comes as no surprise."""
    points = score(counts)
    if points is None:
        return None
    if points >= _WARNING and any(one.is_near(_counted(counts, one), counts.sent) for one in limits):
        return "warning"
    for least, name in _BANDS:
        if points >= least:
            return name
    return "critical"


def findings(counts: Counts, limits: tuple[Threshold, Threshold]) -> list[Finding]:
    """The thresholds that are passed, bounces first."""
    return [
        Finding(
            counter=one.counter,
            rate=_percent(_counted(counts, one), counts.sent),
            limit=float(one.percent),
            pauses=counts.sent >= one.recipients and _counted(counts, one) >= one.count,
        )
        for one in limits
        if counts.sent and one.is_passed(_counted(counts, one), counts.sent)
    ]


def _counted(counts: Counts, limit: Threshold) -> int:
    return counts.bounced if limit.counter == "bounce_rate" else counts.complained


def _percent(counted: int, sent: int) -> float:
    """In percent, two decimals, at most 100: what is told now may be about mail that was sent before the window."""
    return min(100.0, round(100 * counted / sent, 2)) if sent else 0.0
