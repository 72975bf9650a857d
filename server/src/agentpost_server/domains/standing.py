"""How a domain stands after a look: each record, what the domain may do, and when to look again. Pure.

A record that was there is believed for two days after it is gone, and longer while nobody can say that it is gone: a
name server's bad hour must not stop anybody's mail.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from agentpost_server.domains.judge import Question, Values, judge
from agentpost_server.domains.model import DomainStatus, RecordStatus
from agentpost_server.domains.records import Wanted

WINDOW: Final = timedelta(hours=72)
GRACE: Final = timedelta(hours=48)
_MISSES: Final = 3
_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(hours=1)
_QUIET_WAIT: Final = timedelta(days=1)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a record. `missing_since` and `misses`: it was verified, and is not there any more."""

    type: str
    name: str
    value: str
    status: RecordStatus = "pending"
    found: list[str] = []
    missing_since: datetime | None = None
    misses: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. `checking_since`: when the search for what lacks began."""

    status: DomainStatus
    can_send: bool
    can_receive: bool
    failure: str | None
    checking_since: datetime


def remembered(wanted: Sequence[Wanted], seen: Sequence[Seen]) -> list[Seen]:
    """For each record what is known of it; nothing, when it was never looked for."""
    known = {(one.type, one.name, one.value): one for one in seen}
    return [
        known.get((one.type, one.name, one.value)) or Seen(type=one.type, name=one.name, value=one.value)
        for one in wanted
    ]


def look_at(
    wanted: Sequence[Wanted], seen: Sequence[Seen], answers: Mapping[Question, Values], now: datetime
) -> list[Seen]:
    """What is known of each record after these answers. A question without one changes nothing."""
    return [
        _look_at(record, before, answers[record.type, record.name], now)
        if (record.type, record.name) in answers
        else before
        for record, before in zip(wanted, remembered(wanted, seen), strict=True)
    ]


def _look_at(record: Wanted, before: Seen, values: Values, now: datetime) -> Seen:
    verdict = judge(record, values)
    if verdict.matches and record.ready:
        return msgspec.structs.replace(before, status="verified", found=verdict.found, missing_since=None, misses=0)
    if before.status != "verified" and before.missing_since is None:
        wrong = bool(verdict.found) and not verdict.matches
        return msgspec.structs.replace(before, status="failed" if wrong else "pending", found=verdict.found)
    since, misses = before.missing_since or now, before.misses + 1
    lost = now - since >= GRACE and misses >= _MISSES
    status = "failed" if lost else before.status
    return msgspec.structs.replace(before, status=status, found=verdict.found, missing_since=since, misses=misses)


def stand(
    wanted: Sequence[Wanted],
    seen: Sequence[Seen],
    *,
    status: DomainStatus,
    claimed: bool,
    ready: bool,
    learnt: bool,
    checking_since: datetime,
    now: datetime,
) -> Standing:
    """`claimed`: ownership is proven, and nobody else on this server proved it before. `ready`: no provider must first
    say what it asks for. `learnt`: every required record was answered for; what could not be learnt ends no search."""
    pairs = list(zip(wanted, seen, strict=True))
    lacking = [(record, one) for record, one in pairs if record.required and one.status != "verified"]
    purposes = {record.purpose for record, _ in lacking}
    owned = claimed and "ownership" not in purposes
    over = learnt and now - checking_since >= WINDOW
    after, since = _status(
        status, lacking, whole=claimed and ready and not lacking, over=over, since=checking_since, now=now
    )
    if after == "pending" and any(one.status == "verified" for one in seen):
        after = "verifying"
    return Standing(
        status=after,
        can_send=owned and ready and not purposes & {"dkim", "spf", "mail_from"},
        can_receive=owned and "mx" not in purposes,
        failure=_failure(after, lacking, owned=owned, proven="ownership" not in purposes),
        checking_since=since,
    )


def _status(
    status: DomainStatus,
    lacking: Sequence[tuple[Wanted, Seen]],
    *,
    whole: bool,
    over: bool,
    since: datetime,
    now: datetime,
) -> tuple[DomainStatus, datetime]:
    if whole:
        return "verified", since
    if status == "verified":
        # Lost is what was there; what is newly asked for, after a change of transport, begins a search of its own.
        lost = any(one.status == "failed" and one.missing_since is not None for _, one in lacking)
        return ("failed", since) if lost else ("verifying", now)
    return ("failed" if status == "failed" or over else "pending"), since


def _failure(status: DomainStatus, lacking: Sequence[tuple[Wanted, Seen]], *, owned: bool, proven: bool) -> str | None:
    if proven and not owned:
        return "Another organization or environment of this server has verified this domain, and holds it."
    if status != "failed":
        return None
    if not lacking:
        return "The provider of this domain's transport does not send for it yet."
    record, one = lacking[0]
    what = f"The {record.type} record of {record.name} ({record.purpose})"
    return f"{what} is not what it should be." if one.found else f"{what} is not published."


def next_look(
    wanted: Sequence[Wanted], seen: Sequence[Seen], standing: Standing, *, learnt: bool, ever: bool, now: datetime
) -> datetime | None:
    """When to look again; None: when somebody asks. `ever`: the domain has been verified before.

    A search begins with half a minute, waits half as long again each time, up to an hour, and ends after 72 hours.
    """
    if not learnt:
        return now + max(_FIRST_WAIT, min((now - standing.checking_since) / 2, _LONGEST_WAIT))
    if any(one.missing_since is not None and one.status == "verified" for one in seen):
        return now + _LONGEST_WAIT
    if standing.status == "failed":
        return now + _QUIET_WAIT if ever else None
    searching = any(
        one.status != "verified" for record, one in zip(wanted, seen, strict=True) if record.purpose != "dmarc"
    )
    age = now - standing.checking_since
    if not searching or (standing.status == "verified" and age >= WINDOW):
        return now + _QUIET_WAIT
    return now + max(_FIRST_WAIT, min(age / 2, _LONGEST_WAIT))
