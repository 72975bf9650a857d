"""From a committed event to a receiver that verifies it."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
import standardwebhooks
import svix

from agentpost_server.core import ids
from agentpost_server.web.fetch import Egress, FetchLimits, policy_for
from agentpost_server.webhooks.signing import verify
from harness import Tenant
from webhooks.receiving import (
    Receiver,
    all_ended,
    answer,
    deliveries,
    delivering,
    emit,
    ended,
    listening,
    register,
    scope_of,
)


async def test_an_event_arrives_and_the_published_verifiers_accept_it(tenant: Tenant, receiver: Receiver) -> None:
    webhook = await register(tenant, receiver.url, headers={"Authorization": "Bearer hunter2"})
    async with delivering(tenant.server):
        await emit(tenant, event_type="message.received", data={"message_id": "msg_1", "subject": "grüße\u2028"})
        (heard,) = await receiver.until(1)
        (delivery,) = await all_ended(tenant, webhook, 1)
    assert heard.path == "/hook?a=b"
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["authorization"] == "Bearer hunter2"
    standardwebhooks.Webhook(webhook["secret"]).verify(heard.body, heard.headers)
    svix.Webhook(webhook["secret"]).verify(heard.body, heard.headers)
    verify(heard.body, heard.headers, webhook["secret"])
    event = heard.event
    assert event == {
        "id": heard.headers["webhook-id"],
        "type": "message.received",
        "timestamp": event["timestamp"],
        "org_id": tenant.organization_id,
        "env_id": webhook["environment_id"],
        "data": {"message_id": "msg_1", "subject": "grüße\u2028"},
    }
    assert delivery["event_id"] == event["id"]
    assert (await tenant.http.get(f"/events/{event['id']}")).json() == event


async def test_a_delivery_shows_its_request_its_answer_and_its_place(tenant: Tenant, receiver: Receiver) -> None:
    receiver.say = answer(200, "X-Seen: yes", body=b"\x00ok\xff" + b"." * 5000)
    webhook = await register(tenant, receiver.url, headers={"Authorization": "Bearer hunter2"})
    async with delivering(tenant.server):
        await emit(tenant)
        (listed,) = await all_ended(tenant, webhook, 1)
    assert listed == {
        "id": listed["id"],
        "webhook_id": webhook["id"],
        "event_id": receiver.heard[0].event["id"],
        "event_type": "thread.created",
        "status": "succeeded",
        "attempts": 1,
        "next_attempt_at": None,
        "response_status": 200,
        "created_at": listed["created_at"],
        "finished_at": listed["finished_at"],
    }
    shown = (await tenant.http.get(f"/deliveries/{listed['id']}")).json()
    request, (attempt,) = shown.pop("request"), shown.pop("attempt_log")
    assert shown == listed
    assert request["url"] == receiver.url
    assert request["body"].encode() == receiver.heard[0].body
    headers = {one["name"]: one["value"] for one in request["headers"]}
    assert headers["webhook-signature"] == receiver.heard[0].headers["webhook-signature"]
    assert headers["Authorization"] == "[hidden]"
    assert (attempt["number"], attempt["status"], attempt["error"]) == (1, 200, None)
    assert {"name": "x-seen", "value": "yes"} in attempt["headers"]
    assert attempt["body"] == "\ufffdok\ufffd" + "." * 4092
    assert (await tenant.http.get(f"/webhooks/{webhook['id']}")).json()["last_success_at"] is not None


async def test_only_events_that_were_asked_for_arrive(tenant: Tenant, stranger: Tenant, receiver: Receiver) -> None:
    inbox = (await tenant.http.post("/inboxes", json={})).json()["id"]
    by_type = await register(tenant, receiver.url, event_types=["message.sent", "inbox.paused"])
    by_inbox = await register(tenant, receiver.url, inbox_ids=[inbox])
    off = await register(tenant, receiver.url, enabled=False)
    foreign = await register(stranger, receiver.url)
    async with delivering(tenant.server):
        await emit(tenant, event_type="message.sent")
        await emit(tenant, event_type="message.failed")
        await tenant.http.post(f"/inboxes/{inbox}/pause")
        await all_ended(tenant, by_type, 2)
        await all_ended(tenant, by_inbox, 2)
        await asyncio.sleep(0.1)
    types = [sorted(one["event_type"] for one in await deliveries(tenant, hook)) for hook in (by_type, by_inbox, off)]
    assert types == [["inbox.paused", "message.sent"], ["inbox.created", "inbox.paused"], []]
    assert await deliveries(stranger, foreign) == []


async def test_retries_bear_the_same_octets_and_id_and_then_end(tenant: Tenant, receiver: Receiver) -> None:
    receiver.say = answer(503)
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server):
        await emit(tenant)
        (delivery,) = await all_ended(tenant, webhook, 1)
    assert (delivery["status"], delivery["attempts"], delivery["response_status"]) == ("failed", 4, 503)
    assert delivery["finished_at"] is not None
    assert len(receiver.heard) == 4
    assert len({one.body for one in receiver.heard}) == len({one.headers["webhook-id"] for one in receiver.heard}) == 1
    for one in receiver.heard:
        svix.Webhook(webhook["secret"]).verify(one.body, one.headers)
    log = (await tenant.http.get(f"/deliveries/{delivery['id']}")).json()["attempt_log"]
    assert [one["number"] for one in log] == [1, 2, 3, 4]
    assert (await tenant.http.get(f"/webhooks/{webhook['id']}")).json()["consecutive_failures"] == 4


async def test_w51_a_reset_after_the_whole_request_is_tried_again_with_the_same_id(
    tenant: Tenant, receiver: Receiver
) -> None:
    async def reset_once(_heard: Any) -> bytes:
        if len(receiver.heard) == 1:
            raise ConnectionResetError
        return b"HTTP/1.1 204 No Content\r\n\r\n"

    receiver.say = reset_once
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server):
        await emit(tenant)
        (delivery,) = await all_ended(tenant, webhook, 1)
    assert (delivery["status"], delivery["attempts"]) == ("succeeded", 2)
    assert receiver.heard[0].headers["webhook-id"] == receiver.heard[1].headers["webhook-id"]
    log = (await tenant.http.get(f"/deliveries/{delivery['id']}")).json()["attempt_log"]
    assert [one["error"] for one in log] == ["reset", None]


async def test_w44_a_redirect_is_a_failure_and_is_not_followed(tenant: Tenant, receiver: Receiver) -> None:
    async with listening() as elsewhere:
        receiver.say = answer(307, f"Location: {elsewhere.url}")
        webhook = await register(tenant, receiver.url)
        async with delivering(tenant.server, retry_seconds=()):
            await emit(tenant)
            (delivery,) = await all_ended(tenant, webhook, 1)
    assert (delivery["status"], delivery["response_status"]) == ("failed", 307)
    assert elsewhere.heard == []


async def test_errors_have_their_words(tenant: Tenant, receiver: Receiver) -> None:
    """An address is judged at each connection: a name that passed at registration may lead inside by now."""

    async def never(_heard: Any) -> bytes:
        await asyncio.sleep(5)
        return b""

    async def resolve(host: str, _port: int) -> list[str]:
        if host == "gone.example.com":
            raise OSError
        return ["10.0.0.1", "169.254.169.254"]

    async def no_tls(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 X\r\n\r\n")
        writer.close()

    receiver.say = never
    plain = await asyncio.start_server(no_tls, "127.0.0.1", 0)
    cases = {
        receiver.url: "timeout",
        f"https://127.0.0.1:{plain.sockets[0].getsockname()[1]}/": "tls",
        "http://127.0.0.1:1/": "reset",
        "http://gone.example.com/": "dns",
        "http://inside.example.com/": "blocked_address",
    }
    hooks = {url: await register(tenant, url) for url in cases}
    limits = FetchLimits(connect_seconds=1, total_seconds=0.4)
    egress = Egress(policy=policy_for(tenant.server.runtime), resolver=resolve)
    async with plain, delivering(tenant.server, egress=egress, retry_seconds=(), limits=limits):
        await emit(tenant)
        for url, word in cases.items():
            (delivery,) = await all_ended(tenant, hooks[url], 1)
            (attempt,) = (await tenant.http.get(f"/deliveries/{delivery['id']}")).json()["attempt_log"]
            assert (url, attempt["error"], attempt["status"]) == (url, word, None)


async def test_retry_after_is_honoured(tenant: Tenant, receiver: Receiver) -> None:
    async def later(_heard: Any) -> bytes:
        if len(receiver.heard) == 1:
            return b"HTTP/1.1 429 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
        return b"HTTP/1.1 204 X\r\n\r\n"

    receiver.say = later
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server):
        await emit(tenant)
        await all_ended(tenant, webhook, 1)
    assert receiver.heard[1].at - receiver.heard[0].at >= 1


async def test_410_disables_at_once_and_tells(tenant: Tenant, receiver: Receiver) -> None:
    receiver.say = answer(410)
    webhook = await register(tenant, receiver.url)
    async with listening() as other, delivering(tenant.server):
        await register(tenant, other.url, event_types=["webhook.disabled"])
        await emit(tenant)
        (told,) = await other.until(1)
        (delivery,) = await all_ended(tenant, webhook, 1)
    assert told.event["data"] == {"webhook_id": webhook["id"], "url": receiver.url, "reason": "gone"}
    shown = (await tenant.http.get(f"/webhooks/{webhook['id']}")).json()
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "gone")
    assert (delivery["status"], delivery["attempts"]) == ("failed", 1)


async def test_what_falls_due_while_disabled_is_cancelled_and_can_be_replayed(
    tenant: Tenant, receiver: Receiver
) -> None:
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server):
        receiver.say = answer(500)
        await emit(tenant)
        await receiver.until(1)
        await tenant.http.patch(f"/webhooks/{webhook['id']}", json={"enabled": False})
        (delivery,) = await all_ended(tenant, webhook, 1)
        assert delivery["status"] == "cancelled"
        assert (await tenant.http.post(f"/deliveries/{delivery['id']}/redeliver")).status_code == 409
        receiver.say = answer(204)
        await tenant.http.patch(f"/webhooks/{webhook['id']}", json={"enabled": True})
        replayed = await tenant.http.post(f"/webhooks/{webhook['id']}/replay", json={"since": webhook["created_at"]})
        assert replayed.json() == {"queued": 1}
        assert (await ended(tenant, delivery["id"]))["status"] == "succeeded"


async def test_w52_large_data_loses_its_texts_and_says_so(tenant: Tenant, receiver: Receiver) -> None:
    webhook = await register(tenant, receiver.url)
    data = {"message_id": "msg_1", "subject": "s", "extracted_text": "ü" * 40_000, "truncated": False}
    async with delivering(tenant.server):
        await emit(tenant, event_type="message.received", data=data)
        (heard,) = await receiver.until(1)
    svix.Webhook(webhook["secret"]).verify(heard.body, heard.headers)
    assert heard.event["data"] == {"message_id": "msg_1", "subject": "s", "truncated": True}


async def test_w53_webhook_ids_are_ours_alone(tenant: Tenant, receiver: Receiver) -> None:
    await register(tenant, receiver.url)
    async with delivering(tenant.server):
        await emit(tenant, data={"id": "a.b\nc", "message_id": "x.y"})
        (heard,) = await receiver.until(1)
    assert ids.decode("evt", heard.headers["webhook-id"])


async def test_w55_an_old_secret_signs_on_for_a_day_and_at_most_three_do(tenant: Tenant, receiver: Receiver) -> None:
    webhook = await register(tenant, receiver.url)
    secrets = [webhook["secret"]]
    for _ in range(3):
        rotated = (await tenant.http.post(f"/webhooks/{webhook['id']}/rotate-secret")).json()
        assert rotated["previous_secret_expires_at"] > webhook["created_at"]
        secrets.insert(0, rotated["secret"])
    async with delivering(tenant.server):
        await emit(tenant)
        (heard,) = await receiver.until(1)
    assert len(heard.headers["webhook-signature"].split()) == 3
    for secret in secrets[:3]:
        standardwebhooks.Webhook(secret).verify(heard.body, heard.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secrets[3]).verify(heard.body, heard.headers)


async def test_w55_an_old_secret_ends_at_its_expiry(
    tenant: Tenant, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = tenant.server.runtime
    webhook = await register(tenant, receiver.url)
    real = runtime.now
    with monkeypatch.context() as context:
        context.setattr(runtime, "now", lambda: real() - timedelta(hours=24))
        rotated = (await tenant.http.post(f"/webhooks/{webhook['id']}/rotate-secret")).json()
    async with delivering(tenant.server):
        await emit(tenant)
        (heard,) = await receiver.until(1)
    svix.Webhook(rotated["secret"]).verify(heard.body, heard.headers)
    assert len(heard.headers["webhook-signature"].split()) == 1


async def test_w56_a_deleted_endpoint_hears_nothing_that_still_waited(tenant: Tenant, receiver: Receiver) -> None:
    webhook = await register(tenant, receiver.url)
    receiver.say = answer(500)
    async with delivering(tenant.server, retry_seconds=(0.6, 0.6)):
        await emit(tenant, 3)
        await receiver.until(3)
        await tenant.http.delete(f"/webhooks/{webhook['id']}")
        await asyncio.sleep(1)
    assert len(receiver.heard) == 3
    scope = scope_of(tenant)
    async with tenant.server.database.transaction(scope.organization_id) as tx:
        assert await tx.value("SELECT count(*) FROM webhook_deliveries") == 0


async def test_every_call_is_counted(tenant: Tenant, receiver: Receiver) -> None:
    runtime = tenant.server.runtime
    counted: list[tuple[Any, ...]] = []
    real, runtime.count = runtime.count, lambda *what: counted.append(what)
    try:
        receiver.say = answer(500)
        webhook = await register(tenant, receiver.url)
        async with delivering(tenant.server):
            await emit(tenant)
            await all_ended(tenant, webhook, 1)
    finally:
        runtime.count = real
    mine = [one for one in counted if one[1] == "webhook_deliveries" and one[0] == scope_of(tenant).organization_id]
    assert len(mine) == 4


async def test_a_lost_process_s_deliveries_come_back_with_the_same_id(tenant: Tenant, receiver: Receiver) -> None:
    """The first lane dies in the middle of its call: the lease ends, the next one calls again."""
    hanging = asyncio.Event()

    async def hang(_heard: Any) -> bytes:
        if len(receiver.heard) == 1:
            await hanging.wait()
        return b"HTTP/1.1 204 X\r\n\r\n"

    receiver.say = hang
    webhook = await register(tenant, receiver.url)
    async with delivering(tenant.server, lease_seconds=0.5) as lane:
        await emit(tenant)
        await receiver.until(1)
        for task in lane._calls:
            task.cancel()
        began = time.monotonic()
        await receiver.until(2)
        (delivery,) = await all_ended(tenant, webhook, 1)
    hanging.set()
    assert time.monotonic() - began >= 0.3
    first, second = receiver.heard
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert (delivery["status"], delivery["attempts"]) == ("succeeded", 1)
