"""When a domain is looked at again, and what it may do meanwhile: hours and days, without waiting for them."""

from datetime import UTC, datetime, timedelta

from agentpost_server.domains.model import DomainStatus
from agentpost_server.domains.records import Key, Wanted, Way, wanted
from agentpost_server.domains.standing import Seen, Standing, look_at, next_look, remembered, stand

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_WAY = Way(mx_host="mx.example.net", spf=(), spf_required=False, signs=True, provider=None)
_WANTED = wanted("mail.example", "t", [Key(selector="ap1", public_key="x")], _WAY)
_ALL = {
    ("TXT", "_agentpost.mail.example"): ["agentpost-verification=t"],
    ("TXT", "ap1._domainkey.mail.example"): ["p=x"],
    ("MX", "mail.example"): ["10 mx.example.net"],
    ("TXT", "_dmarc.mail.example"): ["v=DMARC1; p=none"],
}


def _stand(seen: list[Seen], status: DomainStatus = "pending", records: list[Wanted] = _WANTED, **changes: object):
    usual = {"claimed": True, "ready": True, "learnt": True, "checking_since": _NOW, "now": _NOW}
    return stand(records, seen, status=status, **{**usual, **changes})  # type: ignore[arg-type]


def _waits(seen: list[Seen], standing: Standing, after: timedelta, **changes: object) -> timedelta | None:
    usual = {"learnt": True, "ever": False, "now": _NOW + after}
    moment = next_look(_WANTED, seen, standing, **{**usual, **changes})  # type: ignore[arg-type]
    return None if moment is None else moment - _NOW - after


def test_a_search_slows_down_to_an_hour() -> None:
    seen = remembered(_WANTED, [])
    standing = _stand(seen)
    ages = [timedelta(0), timedelta(minutes=2), timedelta(hours=1), timedelta(hours=50)]
    assert [_waits(seen, standing, age) for age in ages] == [
        timedelta(seconds=30),
        timedelta(minutes=1),
        timedelta(minutes=30),
        timedelta(hours=1),
    ]
    looks, at = 0, timedelta(0)
    while at < timedelta(hours=72):
        at, looks = at + (_waits(seen, standing, at) or timedelta(days=9)), looks + 1
    assert looks < 100


def test_a_verified_domain_is_looked_at_daily_and_hourly_while_something_is_missing() -> None:
    seen = look_at(_WANTED, [], _ALL, _NOW)
    standing = _stand(seen)
    assert (standing.status, standing.can_send, standing.can_receive) == ("verified", True, True)
    assert _waits(seen, standing, timedelta(hours=1), ever=True) == timedelta(days=1)
    missing = look_at(_WANTED, seen, {**_ALL, ("MX", "mail.example"): []}, _NOW)
    assert _waits(missing, _stand(missing, "verified"), timedelta(hours=1), ever=True) == timedelta(hours=1)


def test_two_days_and_three_misses_lose_a_record_and_nothing_less_does() -> None:
    gone = {**_ALL, ("MX", "mail.example"): []}
    seen = look_at(_WANTED, [], _ALL, _NOW)
    for hours in (1, 60):  # two misses, however far apart
        seen = look_at(_WANTED, seen, gone, _NOW + timedelta(hours=hours))
        assert _stand(seen, "verified").status == "verified"
    back = look_at(_WANTED, seen, _ALL, _NOW + timedelta(hours=61))
    assert next(one for one in back if one.type == "MX").missing_since is None
    seen = look_at(_WANTED, seen, gone, _NOW + timedelta(hours=61))
    lost = _stand(seen, "verified")
    assert (lost.status, lost.can_send, lost.can_receive) == ("failed", True, False)
    assert _waits(seen, lost, timedelta(0), ever=True) == timedelta(days=1)


def test_what_could_not_be_learnt_ends_no_search() -> None:
    begun = _NOW - timedelta(hours=80)
    seen = remembered(_WANTED, [])
    assert _stand(seen, learnt=False, checking_since=begun).status == "pending"
    failed = _stand(seen, checking_since=begun)
    assert failed.status == "failed"
    assert _waits(seen, failed, timedelta(0)) is None


def test_a_newly_asked_record_begins_a_search_and_is_no_loss() -> None:
    seen = look_at(_WANTED, [], _ALL, _NOW)
    other = wanted("mail.example", "t", [Key(selector="ap1", public_key="x")], Way(
        mx_host="mx2.example.net", spf=("a:x",), spf_required=True, signs=True, provider=None))  # fmt: skip
    later = _NOW + timedelta(days=90)
    standing = _stand(remembered(other, seen), "verified", other, now=later)
    assert (standing.status, standing.can_send, standing.can_receive) == ("verifying", False, False)
    assert standing.checking_since == later


def test_without_the_providers_word_nothing_is_sent() -> None:
    seen = look_at(_WANTED, [], _ALL, _NOW)
    waiting = _stand(seen, ready=False)
    assert (waiting.status, waiting.can_send, waiting.can_receive) == ("verifying", False, True)
