"""The table of recipients' statuses: forward only, and the same end whatever order feedback comes in."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.outbound.status import MOVES, may_become, message_status

STATUSES = sorted(MOVES)
# How far each is along the way; only the retry of what was surely not accepted goes round.
RANK = {
    "queued": 0,
    "deferred": 1,
    "sending": 1,
    "unknown": 2,
    "sent": 3,
    "delivered": 4,
    "bounced": 5,
    "complained": 6,
    "captured": 9,
    "failed": 9,
    "rejected": 9,
    "suppressed": 9,
    "cancelled": 9,
}


def _after(status: str, told: list[str]) -> str:
    for one in told:
        if may_become(status, one):
            status = one
    return status


def test_every_move_leads_forward() -> None:
    assert [(before, after) for before, ends in MOVES.items() for after in ends if RANK[after] < RANK[before]] == []


def test_nothing_leaves_complained_and_a_bounce_may_follow_a_delivery() -> None:
    assert MOVES["complained"] == frozenset()
    assert may_become("delivered", "bounced")
    assert not may_become("bounced", "delivered")


@given(st.lists(st.sampled_from(STATUSES), max_size=12), st.sampled_from(STATUSES))
@settings(max_examples=300)
def test_no_feedback_ever_leads_back(told: list[str], status: str) -> None:
    reached = [status]
    for one in told:
        reached.append(_after(reached[-1], [one]))
    assert [RANK[one] for one in reached] == sorted(RANK[one] for one in reached)


@pytest.mark.parametrize("start", ["sending", "unknown", "sent", "deferred"])
def test_n18_any_order_of_feedback_ends_alike(start: str) -> None:
    for told in itertools.chain.from_iterable(
        itertools.combinations(("sent", "delivered", "bounced", "complained"), n) for n in (1, 2, 3, 4)
    ):
        ends = {_after(start, list(order)) for order in itertools.permutations(told)}
        assert len(ends) == 1, (start, told, ends)


@given(st.lists(st.sampled_from(STATUSES), min_size=1, max_size=8))
def test_a_messages_status_depends_on_no_order_and_no_repeats(statuses: list[str]) -> None:
    expected = message_status(statuses)
    assert message_status(statuses[::-1]) == message_status([*statuses, *statuses]) == expected
    assert expected in {
        "queued",
        "sending",
        "sent",
        "delivered",
        "bounced",
        "complained",
        "rejected",
        "failed",
        "unknown",
        "cancelled",
    }


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["queued", "queued"], "queued"),
        (["queued", "delivered"], "sending"),
        (["sending", "unknown"], "sending"),
        (["unknown", "complained", "bounced"], "unknown"),
        (["bounced", "bounced"], "bounced"),
        (["complained", "bounced", "sent"], "complained"),
        (["bounced", "failed", "sent"], "bounced"),
        (["failed", "sent"], "failed"),
        (["deferred", "delivered"], "sent"),
        (["deferred"], "sent"),
        (["captured", "delivered"], "delivered"),
        (["suppressed", "bounced"], "bounced"),
        (["suppressed"], "rejected"),
    ],
)
def test_a_messages_status_is_the_first_rule_that_holds(statuses: list[str], expected: str) -> None:
    assert message_status(statuses) == expected


def test_what_waits_for_its_time_is_scheduled_until_it_begins() -> None:
    assert message_status(["queued", "suppressed"], before="scheduled") == "scheduled"
    assert message_status(["queued", "sending"], before="scheduled") == "sending"
