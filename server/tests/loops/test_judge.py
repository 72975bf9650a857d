"""What the fuse thinks of a conversation's pace: machines are stopped by the seventh message, people never."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.loops.judge import is_beyond, judge
from agentpost_server.loops.model import Limits, Trip, Turn

_START = datetime(2026, 1, 1, tzinfo=UTC)
_LIMITS = Limits()


def _turns(*gaps: float, ours_first: bool = True) -> list[Turn]:
    """Messages that change sides, with these seconds between them; the first is at the start."""
    at, ours, turns = _START, ours_first, [Turn(is_ours=ours_first, at=_START)]
    for gap in gaps:
        at, ours = at + timedelta(seconds=gap), not ours
        turns.append(Turn(is_ours=ours, at=at))
    return turns


def _window(turns: list[Turn]) -> list[Turn]:
    since = turns[-1].at - timedelta(seconds=_LIMITS.window_seconds)
    return [one for one in turns if one.at > since]


def test_the_seventh_message_at_a_machines_pace_reaches_the_limit_and_the_eighth_is_beyond() -> None:
    assert judge(_turns(*[2] * 5), _LIMITS) is None
    reached = judge(_turns(*[2] * 6), _LIMITS)
    assert reached is not None
    assert reached == Trip("ping_pong", 6)
    assert not is_beyond(reached, _LIMITS)
    beyond = judge(_turns(*[2] * 7), _LIMITS)
    assert beyond is not None
    assert is_beyond(beyond, _LIMITS)


def test_one_slow_turn_begins_the_count_anew() -> None:
    assert judge(_turns(2, 2, 2, 2, 2, 61, 2, 2, 2, 2), _LIMITS) is None


def test_machines_that_think_most_of_a_minute_are_stopped_before_the_ninth_message() -> None:
    assert judge(_turns(*[55] * 7), _LIMITS) is None
    ninth = judge(_turns(*[55] * 8), _LIMITS)
    assert ninth is not None
    assert ninth == Trip("ping_pong", 8)
    assert is_beyond(ninth, _LIMITS)


def test_several_mails_of_one_side_are_one_turn() -> None:
    turns = [Turn(is_ours=False, at=_START + timedelta(seconds=n)) for n in range(30)]
    assert judge([*turns, Turn(is_ours=True, at=_START + timedelta(seconds=31))], _LIMITS) is None


def test_the_eighth_answer_on_the_spot_within_ten_minutes_reaches_the_limit() -> None:
    gaps = [5, 61] * 7
    assert judge(_window(_turns(*gaps, ours_first=False)), _LIMITS) is None
    eighth = judge(_window(_turns(*gaps, 5, ours_first=False)), _LIMITS)
    assert eighth == Trip("rate", 8)


def test_answers_that_take_longer_than_a_minute_are_none_on_the_spot() -> None:
    for seconds, reached in ((59, Trip("rate", 8)), (61, None)):
        turns = _turns(*[seconds, 61] * 7, seconds, ours_first=False)
        assert judge(turns, Limits(window_seconds=1200)) == reached


def test_an_echo_among_the_turns_names_the_kind() -> None:
    turns = [Turn(is_ours=one.is_ours, at=one.at, is_echo=not one.is_ours) for one in _turns(*[1] * 6)]
    assert judge(turns, _LIMITS) == Trip("own_echo", 6)


@given(st.lists(st.floats(0, 59), min_size=9, max_size=30))
def test_whoever_answers_within_seconds_every_time_is_stopped(gaps: list[float]) -> None:
    assert any(judge(_window(_turns(*gaps[:n])), _LIMITS) for n in range(1, len(gaps) + 1))


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(76, 90_000)), max_size=40))
def test_a_person_who_takes_her_time_never_meets_the_fuse_however_fast_the_agent_is(
    rounds: list[tuple[float, float]],
) -> None:
    gaps = [gap for one in rounds for gap in one]
    assert all(judge(_window(_turns(*gaps[:n], ours_first=False)), _LIMITS) is None for n in range(len(gaps) + 1))


@given(st.lists(st.floats(0, 600), max_size=8))
def test_nobody_is_stopped_before_the_limits(gaps: list[float]) -> None:
    assert judge(_window(_turns(*gaps[:5])), _LIMITS) is None
