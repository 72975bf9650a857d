"""The lane `waits`: looks through the log for those who wait, inbox by inbox, and hands out what it finds.

The publisher rings in its own transaction. Who arms makes the inbox due too, for mail that was published since the
wait's position was read. What was missed is never lost: the next look begins where the last one that was settled ended.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from agentpost_server.core import ids
from agentpost_server.db import Tx
from agentpost_server.runtime import Runtime
from agentpost_server.waits import store_look as store
from agentpost_server.waits.judge import Armed, Fit, Mail, Match, assign, fits
from agentpost_server.waits.parking import ENDED
from agentpost_server.work import Claimed, Lane

ARMED: Final = "waits-armed"
_PAGE: Final = 20
_LEASE_SECONDS: Final = 60
# What is not judged by then is left to the next look, which begins there: whatever mail says, no look outlasts its
# lease, and strangers whose inboxes were claimed in the same batch wait no longer.
_LOOK_SECONDS: Final = 5.0


class Looks(Lane):
    """`tell(wait_ids)` is called in this process for waits that have just matched; others are rung by the bus."""

    def __init__(self, runtime: Runtime, tell: Callable[[Sequence[UUID]], None]) -> None:
        super().__init__(
            "waits",
            "wait_looks",
            self._look,
            database=runtime.database,
            batch=20,
            per_organization=10,
            concurrency=2,
            lease_seconds=_LEASE_SECONDS,
        )
        self._runtime = runtime
        self._tell = tell
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        self._unsubscribe = self._runtime.bus.subscribe(ARMED, self.ring)
        await super().start()

    async def close(self, grace_seconds: float = 10) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        await super().close(grace_seconds)

    async def match(self, tx: Tx, after: int, until: int) -> None:
        """The publisher's consumer: inboxes that got mail while somebody waits there are to be looked through."""
        if await store.ring(tx, after, until):
            tx.after_commit(self.ring)

    async def _look(self, claimed: list[Claimed]) -> None:
        """Who waits is read before the log's position is asked for: so nothing is published between the two that
        neither this look nor a later ring knows of."""
        database = self._runtime.database
        organizations = {one.organization_id for one in claimed}
        async with database.work(organizations) as tx:
            seen = await store.looks(tx, claimed)
            waits = _armed(seen, await store.armed(tx, seen))
        until = await store.settled_position(database)
        after = min((wait.since for wait in waits), default=until)
        ends = time.monotonic() + _LOOK_SECONDS
        while after < until:
            found, after = await self._page(organizations, waits, after, until, ends)
            if found:
                await self._hand_out(claimed, found)
            if time.monotonic() > ends:
                break
        async with database.work(organizations) as tx:
            mine = await store.hold(tx, claimed)
            if fresh := [wait for wait in waits if wait.fresh and wait.inbox_id in mine]:
                await store.mark_looked(tx, fresh, after)
            if await store.settle(tx, [row for row in seen if row["id"] in mine], after, unfinished=after < until):
                self.ring()

    async def _page(
        self, organizations: set[UUID], waits: list[Armed], after: int, until: int, ends: float
    ) -> tuple[list[Fit], int]:
        """What the next page of received mail holds for whom, and where it ended; before its end when time is up."""
        async with self._runtime.database.work(organizations) as tx:
            heard = await store.heard(tx, _spans(waits), after, until, _PAGE)
            wanted = [(owner, ids.decode("msg", message), position) for owner, position, message in heard]
            rows = await store.mails(
                tx,
                wanted,
                read_in=list({one.inbox_id for one in waits if one.reads_text}),
                codes_in=list({one.inbox_id for one in waits if one.has_code}),
            )
        judged = await asyncio.to_thread(lambda: fits(map(Mail, rows), waits, lambda: time.monotonic() > ends))
        if judged.position is not None:
            return judged.fits, judged.position
        return judged.fits, heard[-1][1] if len(heard) == _PAGE else until

    async def _hand_out(self, claimed: list[Claimed], found: list[Fit]) -> None:
        """One transaction: whoever lost a claim writes nothing, and what is held changes under nobody's hands."""
        async with self._runtime.database.work({one.organization_id for one in claimed}) as tx:
            mine = await store.hold(tx, claimed)
            kept = [one for one in found if one.mail.inbox_id in mine]
            armed = await store.hold_waits(tx, list({wait.id: wait for one in kept for wait in one.waits}.values()))
            there = await store.hold_messages(tx, [(one.mail.organization_id, one.mail.id) for one in kept])
            matches = assign(kept, armed, there, {message for message, taken in there.items() if taken})
            if matches:
                await store.match(tx, matches)
                tx.after_commit(lambda: self._ended(matches))

    def _ended(self, matches: list[Match]) -> None:
        self._tell([one.wait_id for one in matches])
        self._runtime.bus.publish(ENDED)


def _armed(seen: Sequence[Any], rows: Sequence[Any]) -> list[Armed]:
    """A wait that was looked for before goes on where its inbox's last look ended."""
    positions = {row["id"]: row["position"] for row in seen}
    return [Armed(row, positions[row["inbox_id"]] if row["looked"] else row["position"]) for row in rows]


def _spans(waits: Sequence[Armed]) -> list[tuple[UUID, UUID, int]]:
    """Each inbox, from where on somebody there wants to know."""
    spans: dict[tuple[UUID, UUID], int] = {}
    for wait in waits:
        key = (wait.organization_id, wait.inbox_id)
        spans[key] = min(wait.since, spans.get(key, wait.since))
    return [(*key, since) for key, since in spans.items()]
