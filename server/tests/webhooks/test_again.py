"""Asking for deliveries again: one, all that failed, a time; and for a made-up one."""

import asyncio
from datetime import timedelta

import pytest
import svix

from agentpost_server.core.times import now, rfc3339
from agentpost_server.events import EVENT_TYPES
from agentpost_server.webhooks.examples import example_data
from harness import Tenant
from webhooks.receiving import Receiver, all_ended, answer, deliveries, delivering, emit, ended, register


async def test_redelivering_one_repeats_its_octets_and_its_id(tenant: Tenant, receiver: Receiver) -> None:
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server):
        await emit(tenant)
        (delivery,) = await all_ended(tenant, webhook, 1)
        again = await tenant.http.post(f"/deliveries/{delivery['id']}/redeliver")
        assert (again.status_code, again.json()["status"], again.json()["finished_at"]) == (200, "pending", None)
        await receiver.until(2)
        shown = await ended(tenant, delivery["id"])
    assert (shown["status"], shown["attempts"]) == ("succeeded", 2)
    first, second = receiver.heard
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])


async def test_a_failed_one_gets_the_whole_schedule_again(tenant: Tenant, receiver: Receiver) -> None:
    receiver.say = answer(500)
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server, retry_seconds=(0.05,)):
        await emit(tenant)
        (delivery,) = await all_ended(tenant, webhook, 1)
        await tenant.http.post(f"/deliveries/{delivery['id']}/redeliver")
        shown = await ended(tenant, delivery["id"])
    assert (shown["status"], shown["attempts"], [one["number"] for one in shown["attempt_log"]]) == (
        "failed",
        4,
        [1, 2, 3, 4],
    )


async def test_replay_brings_all_that_failed_since_and_nothing_else(tenant: Tenant, receiver: Receiver) -> None:
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server, retry_seconds=()):
        await emit(tenant, 2)
        await all_ended(tenant, webhook, 2)
        receiver.say = answer(500)
        await emit(tenant, 3)
        await all_ended(tenant, webhook, 5)
        receiver.say = answer(204)
        failed = await deliveries(tenant, webhook, status="failed")
        assert len(failed) == 3
        path = f"/webhooks/{webhook['id']}/replay"
        assert (await tenant.http.post(path, json={"since": webhook["created_at"]})).json() == {"queued": 3}
        await receiver.until(8)
        await all_ended(tenant, webhook, 5)
        assert (await tenant.http.post(path, json={"since": webhook["created_at"]})).json() == {"queued": 0}
    assert sorted(one.event["id"] for one in receiver.heard[5:]) == sorted(one["event_id"] for one in failed)


async def test_replay_of_a_time_brings_all_events_in_it_also_those_never_told(
    tenant: Tenant, receiver: Receiver
) -> None:
    async with delivering(tenant.server):
        before = rfc3339(now())
        await emit(tenant, 2)
        await asyncio.sleep(0.2)  # published before anybody asked for it
        webhook = await register(tenant, receiver.url)
        await emit(tenant, 1)
        await all_ended(tenant, webhook, 1)
        middle = rfc3339(now() + timedelta(milliseconds=5))
        await asyncio.sleep(0.02)
        await emit(tenant, 4)
        await all_ended(tenant, webhook, 5)
        answered = await tenant.http.post(
            f"/webhooks/{webhook['id']}/replay", json={"since": before, "until": middle, "status": "all"}
        )
        assert answered.json() == {"queued": 3}
        await receiver.until(8)
        everything = await all_ended(tenant, webhook, 7)
    assert len({one["event_id"] for one in everything}) == 7
    assert sorted(one["attempts"] for one in everything) == [1] * 6 + [2]


async def test_a_replay_that_makes_no_sense_is_refused(tenant: Tenant, receiver: Receiver) -> None:
    webhook = await register(tenant, receiver.url, enabled=False)
    path = f"/webhooks/{webhook['id']}/replay"
    for body in ({}, {"since": "2026-01-01T00:00:00"}, {"since": "soon"}, {"since": rfc3339(now()), "status": "none"}):
        assert (await tenant.http.post(path, json=body)).status_code == 422
    assert (await tenant.http.post(path, json={"since": rfc3339(now())})).status_code == 409
    await tenant.http.patch(f"/webhooks/{webhook['id']}", json={"enabled": True})
    for odd in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00+14:00"):
        assert (await tenant.http.post(path, json={"since": odd, "until": odd})).json() == {"queued": 0}


async def test_a_test_event_reaches_this_endpoint_alone_even_disabled(tenant: Tenant, receiver: Receiver) -> None:
    webhook = await register(tenant, receiver.url, enabled=False)
    other = await register(tenant, receiver.url)
    async with delivering(tenant.server):
        made = await tenant.http.post(f"/webhooks/{webhook['id']}/test", json={"event_type": "message.bounced"})
        assert (made.status_code, made.json()["status"], made.json()["attempts"]) == (201, "pending", 0)
        shown = await ended(tenant, made.json()["id"])
    (heard,) = receiver.heard
    svix.Webhook(webhook["secret"]).verify(heard.body, heard.headers)
    assert (heard.event["type"], heard.event["data"]["test"]) == ("message.bounced", True)
    assert heard.event["data"]["bounced_recipients"][0]["email_address"] == "ann@example.com"
    assert (shown["status"], shown["event_type"]) == ("succeeded", "message.bounced")
    assert shown["request"]["body"].encode() == heard.body
    assert (await tenant.http.get(f"/events/{heard.event['id']}")).status_code == 404
    assert await deliveries(tenant, other) == []
    wrong = await tenant.http.post(f"/webhooks/{webhook['id']}/test", json={"event_type": "message.exploded"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "event_type")


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_every_type_of_event_has_an_example(event_type: str) -> None:
    assert example_data(event_type)["test"] is True


async def test_deliveries_are_listed_by_status_and_page(tenant: Tenant, receiver: Receiver) -> None:
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server, retry_seconds=()):
        await emit(tenant, 3)
        await all_ended(tenant, webhook, 3)
        receiver.say = answer(500)
        await emit(tenant, 2)
        newest_first = await all_ended(tenant, webhook, 5)
    path = f"/webhooks/{webhook['id']}/deliveries"
    seen: list[str] = []
    token: str | None = None
    while True:
        query = {"limit": "2", **({"page_token": token} if token else {})}
        page = (await tenant.http.get(path, params=query)).json()
        seen += [one["id"] for one in page["data"]]
        if (token := page["next_page_token"]) is None:
            break
    assert seen == [one["id"] for one in newest_first] == sorted(seen, reverse=True)
    assert len(await deliveries(tenant, webhook, status="succeeded")) == 3
    assert len(await deliveries(tenant, webhook, status="failed")) == 2
    assert (await tenant.http.get(path, params={"status": "lost"})).status_code == 422
    token = (await tenant.http.get(path, params={"limit": 1})).json()["next_page_token"]
    foreign = await tenant.http.get(path, params={"page_token": token, "status": "failed"})
    assert (foreign.status_code, foreign.json()["code"]) == (400, "invalid_page_token")
