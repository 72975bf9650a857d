"""Caps: how much may leave a place in a window, counted in the transaction that lets it go.

The windows' rows are locked first, always in the order of their keys, and only then read: whoever comes second sees
what the first has taken, and never more than the cap is used. Of a batch each release either counts everywhere or
nowhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db import Database, Tx
from agentpost_server.events.append import NewEvent, append_all
from agentpost_server.policies import store, store_caps
from agentpost_server.policies.facts import Refusal
from agentpost_server.policies.model import CapsRules

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_WORDS: Final = {
    "messages_per_hour": "messages an hour",
    "messages_per_day": "messages a day",
    "recipients_per_hour": "recipients an hour",
    "recipients_per_day": "recipients a day",
    "attachment_bytes": "octets of attachments in a message",
    "concurrent": "messages on their way at once",
}
_ROUNDS: Final = 20
_PRUNED: Final = 1000
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is about to leave. `emails` are canonical, those who are not written to left out. `message_id`
    is None for one that is only asked about."""

    scope: Scope
    inbox_id: UUID
    emails: tuple[str, ...]
    attachment_octets: int
    moment: datetime
    message_id: UUID | None = None


class Over(msgspec.Struct, frozen=True, kw_only=True):
    """A cap that a release would pass."""

    policy_id: UUID
    counter: str
    used: int
    limit: int
    over: Literal["reject", "hold"]
    retry_after: int | None

    @property
    def refusal(self) -> Refusal:
        policy = ids.encode("pol", self.policy_id)
        again = f"It is free again in {self.retry_after} seconds. " if self.retry_after else ""
        return Refusal(
            code="send_cap_reached",
            detail=f"The policy {policy} allows {self.limit} {_WORDS[self.counter]}, and {self.used} are used.",
            fix=f"{again}Send less, or raise {self.counter}: PATCH /policies/{policy}.",
            retry_after=self.retry_after,
        )


class Window(NamedTuple):
    """The key of a row of `cap_windows`; its order is the order of the locks."""

    organization_id: UUID
    place: UUID
    counter: str
    starts_at: datetime


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy asks of one release, at one window."""

    window: Window
    policy_id: UUID
    limit: int
    over: Literal["reject", "hold"]
    inbox_id: UUID | None


class Counted(msgspec.Struct, kw_only=True):
    """What the windows hold, this batch's own releases added as they pass."""

    used: dict[Window, int]
    known: dict[Window, set[str]]
    taken: dict[Window, int] = {}
    new: dict[Window, set[str]] = {}


async def charge(tx: Tx, releases: Sequence[Release]) -> list[Over | None]:
    """Count each release that is over no cap, in order; answers for each what it is over. Exact among any number of
    processes. Tells `limit.reached` of what was filled by it."""
    caps = await _caps(tx, releases)
    if not any(caps):
        return [None] * len(releases)
    counted = await _read(tx, releases, caps, lock=True)
    found: list[Over | None] = []
    filled: dict[Window, Cap] = {}
    for release, asked in zip(releases, caps, strict=True):
        over = _over(release, asked, counted)
        found.append(over)
        if over is None:
            filled.update((one.window, one) for one in _take(release, asked, counted))
    if counted.taken:
        await store_caps.add(tx, counted.taken, counted.new)
        await _tell(tx, releases, filled, counted)
    return found


async def look(tx: Tx, release: Release) -> Over | None:
    """What it would be over now. Counts nothing, and so is no promise."""
    caps = await _caps(tx, [release])
    return _over(release, caps[0], await _read(tx, [release], caps, lock=False)) if caps[0] else None


async def _caps(tx: Tx, releases: Sequence[Release]) -> list[list[Cap]]:
    """For each release the strictest cap of every window that it counts in, in the order of the locks."""
    strictest: list[dict[Window, Cap]] = [{} for _ in releases]
    for row in await store.of_kind(tx, "caps", [(one.scope, one.inbox_id) for one in releases]):
        number: int = row["number"] - 1
        release, found = releases[number], strictest[number]
        for cap in _of_policy(row, release):
            if cap.window not in found or cap.limit < found[cap.window].limit:
                found[cap.window] = cap
    return [sorted(one.values(), key=lambda cap: cap.window) for one in strictest]


def _of_policy(row: Any, release: Release) -> Iterator[Cap]:
    rules = msgspec.json.decode(row["rules"], type=CapsRules)
    place = row["inbox_id"] or row["environment_id"] or release.scope.organization_id
    for counter in _WORDS:
        if (limit := getattr(rules, counter)) is not None:
            window = Window(release.scope.organization_id, place, counter, starts_at(counter, release.moment))
            yield Cap(window=window, policy_id=row["id"], limit=limit, over=rules.over, inbox_id=row["inbox_id"])


def starts_at(counter: str, moment: datetime) -> datetime:
    """The beginning of the hour or day of UTC; one for ever for what has no window."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if counter.endswith("_per_hour"):
        return hour
    return hour.replace(hour=0) if counter.endswith("_per_day") else _NEVER


def _left(counter: str, moment: datetime) -> int | None:
    """Seconds until the next window."""
    length = _HOUR if counter.endswith("_per_hour") else _DAY if counter.endswith("_per_day") else None
    return None if length is None else max(1, int((starts_at(counter, moment) + length - moment).total_seconds()) + 1)


async def _read(tx: Tx, releases: Sequence[Release], caps: Sequence[Sequence[Cap]], *, lock: bool) -> Counted:
    windows = sorted({one.window for asked in caps for one in asked if one.window.counter != "attachment_bytes"})
    used = await store_caps.lock(tx, windows) if lock else await store_caps.used(tx, windows)
    per_person = [one for one in windows if one.counter.startswith("recipients")]
    emails = sorted({email for one in releases for email in one.emails})
    known = await store_caps.known(tx, per_person, emails) if per_person else {}
    at_once = [one for one in windows if one.counter == "concurrent"]
    if at_once:
        own = [one.message_id for one in releases if one.message_id is not None]
        used.update(await store_caps.on_their_way(tx, at_once, own))
    return Counted(used=used, known=known)


def _amount(release: Release, window: Window, counted: Counted) -> int:
    if window.counter.startswith("recipients"):
        return len(set(release.emails) - counted.known.get(window, set()))
    return release.attachment_octets if window.counter == "attachment_bytes" else 1


def _over(release: Release, caps: Sequence[Cap], counted: Counted) -> Over | None:
    """The first cap that it is over; one that rejects before one that holds."""
    found: list[Over] = []
    for cap in caps:
        used = counted.used.get(cap.window, 0)
        amount = _amount(release, cap.window, counted)
        if amount and used + amount > cap.limit:
            left = _left(cap.window.counter, release.moment)
            found.append(
                Over(
                    policy_id=cap.policy_id,
                    counter=cap.window.counter,
                    used=used or (amount if cap.window.counter == "attachment_bytes" else 0),
                    limit=cap.limit,
                    over=cap.over,
                    retry_after=left,
                )
            )
    return min(found, key=lambda one: one.over != "reject", default=None)


def _take(release: Release, caps: Sequence[Cap], counted: Counted) -> Iterator[Cap]:
    """Counts it, and gives each cap that it filled."""
    for cap in caps:
        window = cap.window
        if window.counter == "attachment_bytes":
            continue  # of each message alone
        amount = _amount(release, window, counted)
        counted.used[window] = counted.used.get(window, 0) + amount
        if window.counter == "concurrent":
            continue  # counted where it lies; to have all places taken is no news
        counted.taken[window] = counted.taken.get(window, 0) + amount
        if window.counter.startswith("recipients"):
            fresh = set(release.emails) - counted.known.get(window, set())
            counted.known.setdefault(window, set()).update(fresh)
            counted.new.setdefault(window, set()).update(fresh)
        if amount and counted.used[window] >= cap.limit:
            yield cap


async def _tell(tx: Tx, releases: Sequence[Release], filled: Mapping[Window, Cap], counted: Counted) -> None:
    scopes = {one.scope.organization_id: one.scope for one in releases}
    news: list[tuple[Scope, NewEvent]] = []
    for window, cap in filled.items():
        data = {
            "counter": window.counter,
            "current": counted.used[window],
            "limit": cap.limit,
            "hard": True,
            "inbox_id": ids.encode_or_none("inb", cap.inbox_id),
        }
        scope = scopes[window.organization_id]
        news.append((scope, NewEvent(type="limit.reached", inbox_id=cap.inbox_id, data=data)))
    if news:
        await append_all(tx, news)


async def prune(database: Database) -> None:
    """Windows that nobody asks for any more go."""
    for _ in range(_ROUNDS):
        if await store_caps.prune(database, _PRUNED) < _PRUNED:
            return
