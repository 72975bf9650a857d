"""Whether a conversation is two machines answering each other, told by its pace alone: headers may be lost. Pure.

A machine turns a mail round in seconds, every time; one that thinks takes most of a minute. A person does not, six
times in a row (eight within a minute each), and writes no ninth mail within ten minutes that is answered on the spot.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final

from agentpost_server.loops.model import Limits, Trip, Turn

_MACHINE_PACE: Final = timedelta(seconds=20)
_THINKING_PACE: Final = timedelta(seconds=60)
_MORE_TURNS: Final = 2  # before those who think are taken for machines: still less than ten messages
_ON_THE_SPOT: Final = timedelta(seconds=60)


def judge(turns: Sequence[Turn], limits: Limits) -> Trip | None:
    """What is reached, if anything. `turns` are those of a window, in order of time; the last is being sent."""
    for pace, most in ((_MACHINE_PACE, limits.ping_pong), (_THINKING_PACE, limits.ping_pong + _MORE_TURNS)):
        if (count := _turns_in_a_row(turns, pace)) >= most:
            return Trip("own_echo" if any(one.is_echo for one in turns) else "ping_pong", count)
    if (count := _answers_on_the_spot(turns)) >= limits.replies:
        return Trip("rate", count)
    return None


def is_beyond(trip: Trip, limits: Limits) -> bool:
    """Whether the message that is being sent is one too many; at the limit itself it is the last one."""
    return trip.count > (limits.replies if trip.kind == "rate" else limits.ping_pong)


def _turns_in_a_row(turns: Sequence[Turn], pace: timedelta) -> int:
    """How often, at last, the word changed sides at that pace. Several mails of one side are one turn."""
    count = 0
    for before, one in pairwise(turns):
        if one.is_ours != before.is_ours:
            count = count + 1 if one.at - before.at <= pace else 0
    return count


def _answers_on_the_spot(turns: Sequence[Turn]) -> int:
    return sum(
        one.is_ours and not before.is_ours and one.at - before.at <= _ON_THE_SPOT for before, one in pairwise(turns)
    )
