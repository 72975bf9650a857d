"""Endpoints that are slow or broken: who waits for them, how they are spared, when they are given up."""

import asyncio
import time
from typing import Any

import pytest

from agentpost_server.core.errors import Unavailable
from agentpost_server.webhooks import store_work
from harness import Tenant, running_server
from webhooks.receiving import (
    Receiver,
    all_ended,
    answer,
    deliveries,
    delivering,
    emit,
    listening,
    register,
    scope_of,
)

OK = b"HTTP/1.1 204 X\r\n\r\n"


async def test_a_slow_endpoint_with_a_backlog_delays_no_other_of_its_tenant(tenant: Tenant) -> None:
    async with listening() as slow, listening() as fast:

        async def crawl(_heard: Any) -> bytes:
            await asyncio.sleep(1.2)
            return OK

        slow.say = crawl
        hooks = [await register(tenant, one.url, event_types=[kind]) for one, kind in
                 ((slow, "message.sent"), (fast, "message.failed"))]  # fmt: skip
        async with delivering(tenant.server, per_endpoint=4, workers=16):
            await emit(tenant, 60, "message.sent")
            await slow.until(4)
            began = time.monotonic()
            await emit(tenant, 10, "message.failed")
            await fast.until(10)
            assert time.monotonic() - began < 1
            assert slow.most_at_once == 4
        assert len(await deliveries(tenant, hooks[0], status="pending")) > 20


async def test_a_tenant_never_holds_all_workers(tenant: Tenant, stranger: Tenant) -> None:
    async with listening() as slow, listening() as fast:

        async def crawl(_heard: Any) -> bytes:
            await asyncio.sleep(1.5)
            return OK

        slow.say = crawl
        for _ in range(8):
            await register(tenant, slow.url)
        await register(stranger, fast.url)
        async with delivering(tenant.server, per_endpoint=4, workers=32):
            await emit(tenant, 10)
            await slow.until(16)
            began = time.monotonic()
            await emit(stranger, 5)
            await fast.until(5)
            assert time.monotonic() - began < 1


async def test_after_some_failures_an_endpoint_gets_one_probe_at_a_time(tenant: Tenant, receiver: Receiver) -> None:
    async def refuse(_heard: Any) -> bytes:
        await asyncio.sleep(0.02)
        return b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"

    receiver.say = refuse
    webhook = await register(tenant, receiver.url)
    path = f"/webhooks/{webhook['id']}"
    async with delivering(tenant.server, breaker_after=3, per_endpoint=4, probe_seconds=0.4, retry_seconds=(60,)):
        await emit(tenant, 40)
        await receiver.until(3)
        async with asyncio.timeout(6):
            while (await tenant.http.get(path)).json()["consecutive_failures"] < len(receiver.heard):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        opened = len(receiver.heard)
        assert opened <= 3 + 2 * 4  # those that were under way while the first results were written
        receiver.most_at_once = 0
        await receiver.until(opened + 2)
        probes = receiver.heard[opened:]
        assert probes[1].at - probes[0].at >= 0.4
        assert receiver.most_at_once == 1
        # Those that waited were not lost and used up no attempt; success closes the circuit.
        waiting = [one for one in await deliveries(tenant, webhook, status="pending") if one["attempts"] == 0]
        assert len(waiting) >= 40 - opened - 3
        receiver.say = answer(204)
        async with asyncio.timeout(6):
            while len(await deliveries(tenant, webhook, status="succeeded")) < len(waiting) - 1:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert (await tenant.http.get(path)).json()["consecutive_failures"] == 0


async def test_a_redelivery_by_hand_tries_an_open_circuit_at_once(tenant: Tenant, receiver: Receiver) -> None:
    receiver.say = answer(500)
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server, breaker_after=1, probe_seconds=60, retry_seconds=(60,)):
        await emit(tenant)
        await receiver.until(1)
        await asyncio.sleep(0.1)
        receiver.say = answer(204)
        (delivery,) = await deliveries(tenant, webhook)
        await tenant.http.post(f"/deliveries/{delivery['id']}/redeliver")
        await all_ended(tenant, webhook, 1)


async def test_long_failure_warns_then_disables_then_a_new_start_counts_anew(
    tenant: Tenant, receiver: Receiver
) -> None:
    receiver.say = answer(500)
    webhook = await register(tenant, receiver.url)
    numbers = {"warn_after": 2, "warn_seconds": 0.0, "disable_after": 5, "disable_seconds": 0.0}
    async with listening() as other, delivering(tenant.server, retry_seconds=(0.05,) * 9, **numbers):
        await register(tenant, other.url, event_types=["webhook.disabled"])
        await emit(tenant)
        (told,) = await other.until(1)
        await all_ended(tenant, webhook, 1)
    assert told.event["data"] == {"webhook_id": webhook["id"], "url": receiver.url, "reason": "failures"}
    shown = (await tenant.http.get(f"/webhooks/{webhook['id']}")).json()
    assert (shown["enabled"], shown["disabled_reason"], shown["consecutive_failures"]) == (False, "failures", 5)
    log = (await tenant.http.get("/org/audit-log")).json()["data"]
    actions = [(one["action"], one["actor"]["type"]) for one in log if one["target"] == webhook["id"]]
    assert actions[:2] == [("webhook.disabled", "system"), ("webhook.failing", "system")]
    again = (await tenant.http.patch(f"/webhooks/{webhook['id']}", json={"enabled": True})).json()
    assert (again["enabled"], again["disabled_reason"], again["consecutive_failures"]) == (True, None, 0)


async def test_many_failures_in_a_short_time_disable_nothing(tenant: Tenant, receiver: Receiver) -> None:
    receiver.say = answer(500)
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server, retry_seconds=(), warn_after=2, disable_after=3):
        await emit(tenant, 12)
        await all_ended(tenant, webhook, 12)
    shown = (await tenant.http.get(f"/webhooks/{webhook['id']}")).json()
    assert (shown["enabled"], shown["consecutive_failures"]) == (True, 12)


async def test_a_burst_is_carried_once_each_by_two_lanes(tenant: Tenant, receiver: Receiver) -> None:
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server), delivering(tenant.server):
        await emit(tenant, 300)
        await receiver.until(300)
        async with asyncio.timeout(8):
            while await deliveries(tenant, webhook, status="pending"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.1)
    assert len(receiver.heard) == len({one.headers["webhook-id"] for one in receiver.heard}) == 300


async def test_results_wait_for_a_database_that_is_away(
    tenant: Tenant, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refused = store_work.settle, 0

    async def settle(tx: Any, calls: Any) -> None:
        nonlocal refused
        refused += 1
        if refused < 3:
            raise Unavailable("away", fix="wait")
        await real(tx, calls)

    monkeypatch.setattr(store_work, "settle", settle)
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server):
        await emit(tenant)
        (delivery,) = await all_ended(tenant, webhook, 1)
    assert (len(receiver.heard), delivery["status"], delivery["attempts"]) == (1, "succeeded", 1)


async def test_a_late_call_is_logged_but_settles_nothing(tenant: Tenant, receiver: Receiver) -> None:
    """Its lease ended, another claim has the delivery: the fence holds, the log stays true."""

    async def slow_once(_heard: Any) -> bytes:
        if len(receiver.heard) == 1:
            await asyncio.sleep(1)
            return b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"
        return OK

    receiver.say = slow_once
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server, lease_seconds=0.4):
        await emit(tenant)
        await all_ended(tenant, webhook, 1)
        await asyncio.sleep(1)
    (delivery,) = await deliveries(tenant, webhook)
    shown = (await tenant.http.get(f"/deliveries/{delivery['id']}")).json()
    assert (shown["status"], shown["attempts"]) == ("succeeded", 2)
    assert [one["status"] for one in shown["attempt_log"]] == [204, 500]


async def test_a_server_with_the_worker_role_publishes_and_delivers(
    tenant: Tenant, receiver: Receiver, quiet_database: str
) -> None:
    """Wired whole: settings, roles, publisher, lane."""
    webhook = await register(tenant, receiver.url)
    receiver.say = answer(500)
    async with running_server(quiet_database, ("worker",), webhook_retry_seconds="0.05,0.05,0.1"):
        await emit(tenant)
        (delivery,) = await all_ended(tenant, webhook, 1)
    assert (delivery["status"], delivery["attempts"]) == ("failed", 4)


async def test_publishing_the_same_events_twice_opens_nothing_twice(tenant: Tenant, receiver: Receiver) -> None:
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server):
        await emit(tenant, 5)
        await all_ended(tenant, webhook, 5)
        async with tenant.server.database.routing() as tx:
            await store_work.open_deliveries(tx, 0, 1 << 60)
        assert len(await deliveries(tenant, webhook)) == 5
    assert len(receiver.heard) == 5


async def test_the_status_filter_goes_by_its_index(tenant: Tenant) -> None:
    scope = scope_of(tenant)
    async with tenant.server.database.transaction(scope.organization_id) as tx:
        await tx.run("SET LOCAL enable_seqscan = off")
        plan = await tx.rows(
            """EXPLAIN SELECT * FROM webhook_deliveries WHERE organization_id = $1 AND environment_id = $2
               AND webhook_id = $3 AND status = 'failed' ORDER BY id DESC LIMIT 51""",
            scope.organization_id,
            scope.environment_id,
            scope.environment_id,
        )
    assert "webhook_deliveries_status" in "\n".join(row[0] for row in plan)
