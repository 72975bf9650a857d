"""How well the rules part attacks from honest mail: on the half they were tuned on, and on the half they were not."""

import pytest

from agentpost_server.mail.parse import parse
from agentpost_server.screening.injection import look
from screening.injection.making import HALVES, PLACES, Made, made

# The aim without a model is an AUC of 0.85; what is asserted is a little below what is reached.
_LEAST_AUC = {"tuned": 0.98, "held_out": 0.95}
_LEAST_RECALL = {"tuned": 0.9, "held_out": 0.85}


def _score(one: Made) -> float:
    return look(parse(one.raw), (), {}).score


@pytest.mark.parametrize("half", HALVES)
def test_score(half: str, capsys: pytest.CaptureFixture[str]) -> None:
    mails = made(half)
    attacks = [(one, _score(one)) for one in mails if one.is_attack]
    honest = sorted((_score(one) for one in mails if not one.is_attack), reverse=True)
    auc = sum((a > h) + 0.5 * (a == h) for _, a in attacks for h in honest) / len(attacks) / len(honest)
    # One honest mail in a hundred may lie above.
    limit = honest[len(honest) // 100]
    recall = sum(score > limit for _, score in attacks) / len(attacks)
    by_place = {
        place: sum(score > limit for one, score in attacks if one.place == place)
        / sum(one.place == place for one, _ in attacks)
        for place in PLACES
    }
    with capsys.disabled():
        print(f"\nscreening, {half}: {len(attacks)} attacks, {len(honest)} honest, AUC {auc:.3f}, ", end="")
        print(f"recall {recall:.1%} at 1% false alarms (above {limit}); by place: ", end="")
        print(", ".join(f"{place} {share:.0%}" for place, share in by_place.items()))
    assert auc >= _LEAST_AUC[half] >= 0.85
    assert recall >= _LEAST_RECALL[half]
    assert min(by_place.values()) >= 0.7


def test_the_set_is_large_enough_the_same_each_time_and_parted() -> None:
    every = {half: made(half) for half in HALVES}
    assert every == {half: made(half) for half in HALVES}
    mails = [one for half in HALVES for one in every[half]]
    assert sum(one.is_attack for one in mails) >= 300
    assert sum(not one.is_attack for one in mails) >= 300
    assert {one.place for one in mails if one.is_attack} == set(PLACES)
    sources = [{one.source for one in every[half]} for half in HALVES]
    assert sources[0].isdisjoint(sources[1])
