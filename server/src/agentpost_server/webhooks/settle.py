"""Settle: calls that end together are written together, their deliveries and the health of their endpoints."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from agentpost_server.core.errors import Unavailable
from agentpost_server.core.scope import Scope
from agentpost_server.db import Database, Tx
from agentpost_server.webhooks import endpoints, store, store_work
from agentpost_server.webhooks.call import Called
from agentpost_server.webhooks.policy import DeliveryPolicy

_MOST: Final = 200
log = structlog.get_logger("webhooks")


class Settling:
    """Takes ended calls; one transaction writes all that came while the one before ran."""

    def __init__(self, database: Database, policy: DeliveryPolicy) -> None:
        self._database = database
        self._policy = policy
        self._waiting: list[tuple[Called, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, called: Called) -> None:
        """Returns when it is written, or when it is not worth writing any more: its lease has ended."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((called, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="settle webhooks")
        await done

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            try:
                await self._write_patiently([called for called, _ in batch])
            finally:
                for _, done in batch:
                    if not done.done():
                        done.set_result(None)

    async def _write_patiently(self, batch: Sequence[Called]) -> None:
        """While the database is away, wait for it as long as the leases last; then the calls are made again."""
        deadline = time.monotonic() + self._policy.lease_seconds
        while True:
            try:
                return await self._write(batch)
            except Unavailable:
                if time.monotonic() > deadline:
                    return None
                await asyncio.sleep(0.5)
            except Exception:
                if len(batch) > 1:
                    for one in batch:
                        await self._write_patiently([one])
                else:
                    log.exception("a webhook call could not be settled", webhook_id=str(batch[0].job.webhook_id))
                return None

    async def _write(self, batch: Sequence[Called]) -> None:
        # A delivery can be in a batch twice when its lease ended during the first call: the newest claim speaks.
        newest = {one.record.id: one.record for one in sorted(batch, key=lambda one: one.record.attempts)}
        async with self._database.work({one.record.organization_id for one in batch}) as tx:
            await store_work.settle(tx, list(newest.values()))
            await _tend(tx, batch, self._policy)


async def _tend(tx: Tx, batch: Sequence[Called], policy: DeliveryPolicy) -> None:
    """Count what happened to each endpoint; warn, disable, open or close its circuit."""
    tallies: dict[UUID, tuple[UUID, UUID, bool, int]] = {}
    for one in batch:
        webhook_id = one.job.webhook_id
        _, _, succeeded, failures = tallies.get(webhook_id, (None, None, False, 0))
        tallies[webhook_id] = (
            one.record.organization_id,
            webhook_id,
            succeeded or one.succeeded,
            0 if one.succeeded else failures + 1,
        )
    rows = await store.tally(
        tx, list(tallies.values()), breaker_after=policy.breaker_after, probe_seconds=policy.probe_seconds
    )
    gone = {one.job.webhook_id for one in batch if one.gone}
    for row in rows:
        scope = Scope(row["organization_id"], row["environment_id"])
        failures, seconds = row["consecutive_failures"], row["failing_seconds"] or 0.0
        if not row["enabled"]:
            continue
        if row["id"] in gone:
            await endpoints.disable(tx, scope, row["id"], "gone")
        elif failures >= policy.disable_after and seconds >= policy.disable_seconds:
            await endpoints.disable(tx, scope, row["id"], "failures")
        elif row["warned_at"] is None and failures >= policy.warn_after and seconds >= policy.warn_seconds:
            await endpoints.warn(tx, scope, row["id"])
