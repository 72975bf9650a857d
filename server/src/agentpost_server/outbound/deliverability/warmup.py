"""The warm-up of tenants' own domains: so many recipients on the first day of sending, so many on the second. What
is over waits for the next day (UTC) and says so.

A call counts when it is begun for the first time; what a receiver put off or another transport takes over was counted
then. Mail that stays on this machine, or leaves from the shared domain, which is everybody's, is not held back.
"""

import functools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.events.append import NewEvent, append_all
from agentpost_server.outbound.announce import progress
from agentpost_server.outbound.change import Key
from agentpost_server.outbound.plan import LOCAL
from agentpost_server.outbound.sorting import Ready, claim_of, message_of
from agentpost_server.outbound.states import Held
from agentpost_server.outbound.store import states, warmups
from agentpost_server.runtime import Runtime
from agentpost_server.work import Claimed

_MOST_DAYS: Final = 365
_MOST: Final = 1_000_000_000


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A call that its domain may not make today."""

    ready: Ready
    seconds: float
    detail: str

    @property
    def later(self) -> tuple[Claimed, float]:
        return claim_of(self.ready.row), self.seconds

    @property
    def message(self) -> Key:
        return message_of(self.ready.row)


@functools.lru_cache(maxsize=8)
def parse(text: str) -> tuple[int, ...]:
    """`"50,100,200"` -> recipients of each day. ValueError says what is wrong."""
    try:
        days = tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(
            f"it is numbers of recipients separated by commas, such as 50,100,200, not {text!r}"
        ) from error
    if len(days) > _MOST_DAYS or not all(1 <= one <= _MOST for one in days):
        raise ValueError(f"it is at most {_MOST_DAYS} numbers, each from 1 to {_MOST:,}")
    return days


async def ration(tx: Tx, runtime: Runtime, ready: Sequence[Ready]) -> tuple[list[Ready], list[Waiting]]:
    """Who may be called now, counted, and who waits. Costs nothing where no domain warms up."""
    schedule = parse(runtime.settings.warmup_schedule)
    shared = runtime.settings.shared_domain.lower()
    counted = {_domain(one) for one in ready if _counts(one, shared)} if schedule else set[warmups.Key]()
    if not counted:
        return list(ready), []
    days = await warmups.open_days(tx, sorted(counted))
    used: Counter[warmups.Key] = Counter()
    go: list[Ready] = []
    waiting: list[Waiting] = []
    for one in ready:
        key = _domain(one)
        day = days[key] if _counts(one, shared) else None
        cap = _cap(schedule, day["days"]) if day is not None else None
        if day is None or cap is None:
            go.append(one)
        elif day["used"] + used[key] + len(one.recipients) <= cap:
            used[key] += len(one.recipients)
            go.append(one)
        else:
            waiting.append(_waiting(one, key[1], cap, day["seconds_left"]))
    if used:
        await warmups.use(tx, used)
    return go, waiting


async def tell(tx: Tx, held: Mapping[Key, Held], waiting: Sequence[Waiting]) -> None:
    """In the message's history and by `message.deferred`; its status stays what it is: nobody has put it off."""
    by_message: defaultdict[Key, list[Waiting]] = defaultdict(list)
    for one in waiting:
        if one.message in held:
            by_message[one.message].append(one)
    if not by_message:
        return
    await states.insert_message_events(
        tx, [row for found in by_message.values() for one in found for row in _steps(one)]
    )
    await append_all(tx, [_news(held[key], found) for key, found in by_message.items()])


def _counts(one: Ready, shared: str) -> bool:
    row = one.row
    return row["transport"] != LOCAL and row["from_domain"] != shared and row["tries"] == 0


def _cap(schedule: tuple[int, ...], day: int) -> int | None:
    """Of a day, 0 being the first; None: the domain is warm."""
    return schedule[day] if day < len(schedule) else None


def _domain(one: Ready) -> warmups.Key:
    return one.row["organization_id"], one.row["from_domain"]


def _waiting(one: Ready, domain: str, cap: int, seconds: float) -> Waiting:
    detail = f"{domain} is warming up: {cap} recipients a day for now. This mail waits for the next day (UTC)."
    return Waiting(ready=one, seconds=seconds, detail=detail)


def _steps(one: Waiting) -> list[tuple[object, ...]]:
    """`attempt` is 0: no call was made, and so this is no receiver's delay."""
    row = one.ready.row
    how = (row["transport"], 0, None, None, None, one.detail)
    return [
        (row["organization_id"], ids.new_id(), row["message_id"], "deferred", email, *how)
        for email in one.ready.recipients
    ]


def _news(message: Held, found: Sequence[Waiting]) -> tuple[Scope, NewEvent]:
    row: Any = message.row
    whom = [email for one in found for email in one.ready.recipients]
    data = progress(row, message.status(), whom, transport=found[0].ready.row["transport"], detail=found[0].detail)
    return Scope(row["organization_id"], row["environment_id"]), NewEvent(
        type="message.deferred", inbox_id=row["inbox_id"], data=data
    )
