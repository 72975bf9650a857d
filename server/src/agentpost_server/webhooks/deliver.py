"""The lane `hooks`: claim, load, render, sign, call, settle. A call is a task of its own: a slow one holds a worker,
never the lane, and an endpoint or an organization never holds all workers.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog

from agentpost_server.db import Tx
from agentpost_server.runtime import Runtime
from agentpost_server.web.fetch import Egress, policy_for
from agentpost_server.webhooks import store_work
from agentpost_server.webhooks.call import call
from agentpost_server.webhooks.jobs import Job, load
from agentpost_server.webhooks.policy import DeliveryPolicy, policy_of
from agentpost_server.webhooks.settle import Settling
from agentpost_server.work import Claimed, Lane

TOPIC: Final = "hooks"
_START: Final = (UUID(int=0), UUID(int=0))
_AT_ONCE: Final = 16
log = structlog.get_logger("webhooks")


class DeliveryLane(Lane):
    """Carries due deliveries to their endpoints."""

    def __init__(self, runtime: Runtime, *, egress: Egress | None = None, policy: DeliveryPolicy | None = None) -> None:
        self._policy = policy or policy_of(runtime.settings)
        super().__init__(
            "hooks",
            "webhook_deliveries",
            self._begin,
            database=runtime.database,
            poll_seconds=self._policy.poll_seconds,
        )
        self._runtime = runtime
        self._egress = egress or Egress(policy=policy_for(runtime))
        self._settling = Settling(runtime.database, self._policy)
        self._calls: set[asyncio.Task[None]] = set()
        self._of_organization: Counter[UUID] = Counter()
        self._of_endpoint: Counter[UUID] = Counter()
        self._last = _START
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        self._unsubscribe = self._runtime.bus.subscribe(TOPIC, self.ring)
        await super().start()

    async def close(self, grace_seconds: float = 10) -> None:
        """Calls under way may end and settle within the grace; what does not is called again after its lease."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        await super().close(grace_seconds)
        if self._calls:
            _, late = await asyncio.wait(self._calls, timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._egress.close()

    async def open(self, tx: Tx, after: int, until: int) -> int:
        """The publisher's consumer: deliveries of the events in (after, until], in the publication's transaction."""
        return await open_deliveries(tx, after, until, self._announce)

    def _announce(self) -> None:
        self.ring()
        self._runtime.bus.publish(TOPIC)

    async def claim(self) -> list[Claimed]:
        """As many as there are idle workers, from the endpoints behind the last one served; then from the first."""
        room = min(self._policy.workers - len(self._calls), _AT_ONCE)
        if room <= 0:
            return []
        start, self._last = self._last, _START
        for begin in dict.fromkeys((start, _START)):
            rows = await store_work.claim(
                self._database,
                begin,
                batch=room,
                per_webhook=self._share,
                busy=self._busy(),
                lease_seconds=self._policy.lease_seconds,
            )
            if rows:
                self._last = max((row["organization_id"], row["webhook_id"]) for row in rows)
                return [Claimed(row["organization_id"], row["id"], row["attempts"]) for row in rows]
        return []

    @property
    def _share(self) -> int:
        """What one claim takes of one endpoint: half of what it may have, so that its calls follow each other."""
        return max(1, self._policy.per_endpoint // 2)

    def _busy(self) -> list[UUID]:
        """Endpoints and organizations that have their part of the workers."""
        endpoint_cap = self._policy.per_endpoint - self._share
        organization_cap = max(1, self._policy.workers // 2)
        full = [one for one, calls in self._of_organization.items() if calls >= organization_cap]
        return full + [one for one, calls in self._of_endpoint.items() if calls > endpoint_cap]

    async def _begin(self, claimed: list[Claimed]) -> None:
        """Load the batch and start its calls; the lane may claim the next one as soon as they run."""
        for job in await load(self._runtime, claimed):
            self._of_organization[job.claimed.organization_id] += 1
            self._of_endpoint[job.webhook_id] += 1
            task = asyncio.create_task(self._carry(job), name="webhook call")
            self._calls.add(task)
            task.add_done_callback(lambda done, job=job: self._ended(done, job))

    async def _carry(self, job: Job) -> None:
        await self._settling.add(await call(self._runtime, self._egress, self._policy, job))

    def _ended(self, task: asyncio.Task[None], job: Job) -> None:
        self._calls.discard(task)
        for calls, key in ((self._of_organization, job.claimed.organization_id), (self._of_endpoint, job.webhook_id)):
            calls[key] -= 1
            if calls[key] <= 0:
                del calls[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a webhook call failed by a bug", exc_info=error)
        self.ring()


async def open_deliveries(tx: Tx, after: int, until: int, announce: Callable[[], None]) -> int:
    """Open a delivery of each event in (after, until] for each endpoint that asked for it; `announce` after commit."""
    opened = await store_work.open_deliveries(tx, after, until)
    if opened:
        tx.after_commit(announce)
    return opened
