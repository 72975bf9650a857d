"""The score, its bands, and the exact numbers at which an inbox is warned or paused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.outbound.deliverability.score import Counts, band, findings, score, thresholds
from agentpost_server.settings import load

LIMITS = thresholds(load({}))
NO_LIMITS = thresholds(load({}, pause_bounce_percent=0, pause_complaint_percent=0))


def _counts(sent: int, bounced: int = 0, complained: int = 0) -> Counts:
    return Counts(sent=sent, bounced=bounced, complained=complained)


@pytest.mark.parametrize(
    ("sent", "bounced", "complained", "points", "named"),
    [
        (0, 0, 0, None, None),
        (49, 49, 0, None, None),
        (50, 0, 0, 100, "excellent"),
        (1000, 4, 0, 98, "excellent"),
        (1000, 6, 0, 97, "excellent"),
        (1000, 24, 0, 88, "good"),
        (1000, 25, 0, 87, "warning"),  # half of 5 %
        (1000, 50, 0, 75, "warning"),
        (1000, 61, 0, 69, "warning"),
        (1000, 100, 0, 50, "warning"),
        (1000, 101, 0, 49, "critical"),
        (1000, 200, 0, 0, "critical"),
        (1000, 1000, 1000, 0, "critical"),
        (1000, 0, 1, 98, "excellent"),
        (2000, 0, 3, 97, "warning"),  # half of 0.3 %
        (1000, 0, 15, 70, "warning"),
        (1000, 10, 10, 75, "warning"),
    ],
)
def test_score_and_band(sent: int, bounced: int, complained: int, points: int | None, named: str | None) -> None:
    counts = _counts(sent, bounced, complained)
    assert (score(counts), band(counts, LIMITS)) == (points, named)


def test_a_threshold_of_zero_caps_no_band_and_finds_nothing() -> None:
    assert band(_counts(1000, 50), NO_LIMITS) == "good"
    assert findings(_counts(1000, 1000, 1000), NO_LIMITS) == []


@pytest.mark.parametrize(
    ("sent", "bounced", "complained", "expected"),
    [
        (200, 10, 0, []),  # 5 % exactly is not over it
        (200, 11, 0, [("bounce_rate", 5.5, True)]),
        (199, 11, 0, [("bounce_rate", 5.53, False)]),
        (1, 1, 0, [("bounce_rate", 100.0, False)]),
        (1000, 0, 3, []),  # 0.3 % exactly
        (1000, 0, 4, [("complaint_rate", 0.4, True)]),
        (999, 0, 4, [("complaint_rate", 0.4, False)]),
        (1, 0, 1, [("complaint_rate", 100.0, False)]),
        (1000, 60, 4, [("bounce_rate", 6.0, True), ("complaint_rate", 0.4, True)]),
        (0, 3, 3, []),
        (2, 3, 0, [("bounce_rate", 100.0, False)]),
    ],
)
def test_what_passes_a_threshold(
    sent: int, bounced: int, complained: int, expected: list[tuple[str, float, bool]]
) -> None:
    found = findings(_counts(sent, bounced, complained), LIMITS)
    assert [(one.counter, one.rate, one.pauses) for one in found] == expected


def test_the_least_numbers_are_settings() -> None:
    limits = thresholds(load({}, pause_bounce_percent=1, pause_bounce_recipients=10, pause_bounce_count=2))
    assert [one.pauses for one in findings(_counts(10, 2), limits)] == [True]
    assert [one.pauses for one in findings(_counts(10, 1), limits)] == [False]
    assert [one.pauses for one in findings(_counts(9, 2), limits)] == [False]


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_trouble_is_never_a_better_score(sent: int, bounced: int, complained: int) -> None:
    worse = score(_counts(sent, bounced + 1, complained + 1))
    points = score(_counts(sent, bounced, complained))
    if points is None:
        assert sent < 50
        assert worse is None
    else:
        assert worse is not None
        assert 0 <= worse <= points <= 100
