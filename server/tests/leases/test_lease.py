"""Leases through the door: who gets what, for how long, and what becomes of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentpost_server.core import ids
from agentpost_server.leases import tend
from agentpost_server.mail.model import Address
from harness import Tenant
from leases.leasing import claim, mail, message_ids, run_out, verb
from messages.reading import events_of, fetch, outsiders
from stories.post import eventually
from waits.waiting import new_inbox


async def test_the_oldest_come_first_and_nobody_gets_them_twice(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    made = await mail(tenant, inbox, 5)
    first, rest = await claim(tenant.http, inbox, 2), await claim(tenant.http, inbox, 50)
    assert (message_ids(first), message_ids(rest)) == (made[:2], made[2:])
    assert await claim(tenant.http, inbox) == []
    left = datetime.fromisoformat(first[0]["leased_until"]) - datetime.now(UTC)
    assert timedelta(seconds=30) < left <= timedelta(seconds=60)
    assert {(one["attempt"], one["status"]) for one in first + rest} == {(1, "leased")}


async def test_what_was_acked_is_never_claimed_again(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    (made,) = await mail(tenant, inbox)
    (lease,) = await claim(tenant.http, inbox)
    acked = await verb(tenant.http, lease, "ack", labels=["done", "team:blue"])
    assert (acked["status"], acked["message"]["labels"]) == ("acked", ["received", "unread", "done", "team:blue"])
    await run_out(tenant, lease)
    assert await claim(tenant.http, inbox) == []
    assert (await events_of(tenant, "message.labels_changed"))[-1]["added"] == ["done", "team:blue"]
    again = await verb(tenant.http, lease, "ack")
    assert (again["status"], again["message"]["id"]) == ("acked", made)
    for name, body in (("extend", {"lease_seconds": 60}), ("release", {})):
        assert (await verb(tenant.http, lease, name, 409, **body))["code"] == "lease_lost"


async def test_a_lease_that_ran_out_is_lost_and_its_message_comes_back(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    made = await mail(tenant, inbox, 2)
    (lost,) = await claim(tenant.http, inbox)
    await run_out(tenant, lost)
    for name, body in (("ack", {"labels": ["late"]}), ("extend", {"lease_seconds": 60}), ("release", {})):
        assert (await verb(tenant.http, lost, name, 409, **body))["code"] == "lease_lost"
    (again,) = await claim(tenant.http, inbox)
    assert (again["message"]["id"], again["attempt"]) == (made[0], 2)
    assert again["lease_id"] != lost["lease_id"]
    assert "late" not in again["message"]["labels"]
    for name, body in (("ack", {}), ("extend", {"lease_seconds": 60}), ("release", {})):
        assert (await verb(tenant.http, lost, name, 409, **body))["code"] == "lease_lost"
    assert (await verb(tenant.http, again, "ack"))["status"] == "acked"


async def test_it_runs_out_by_time_alone(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    await mail(tenant, inbox)
    (lease,) = await claim(tenant.http, inbox, seconds=5)
    claimed_at = asyncio.get_running_loop().time()

    async def look() -> list[dict[str, Any]] | None:
        return await claim(tenant.http, inbox) or None

    (again,) = await eventually(look, 30)
    assert asyncio.get_running_loop().time() - claimed_at > 4
    assert (again["message"]["id"], again["attempt"]) == (lease["message"]["id"], 2)


async def test_an_extended_lease_goes_on(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    await mail(tenant, inbox)
    (lease,) = await claim(tenant.http, inbox, seconds=60)
    longer = await verb(tenant.http, lease, "extend", lease_seconds=3600)
    assert longer["leased_until"] > lease["leased_until"]
    assert (longer["status"], longer["attempt"]) == ("leased", 1)
    assert await claim(tenant.http, inbox) == []


async def test_a_released_message_comes_back_at_once_or_after_a_delay(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    made = await mail(tenant, inbox, 2)
    first, second = await claim(tenant.http, inbox, 2)
    assert (await verb(tenant.http, first, "release"))["status"] == "released"
    later = await verb(tenant.http, second, "release", delay_seconds=3600)
    assert datetime.fromisoformat(later["leased_until"]) > datetime.now(UTC) + timedelta(minutes=50)
    assert await verb(tenant.http, second, "release") == later
    again = await claim(tenant.http, inbox, 2)
    assert [(one["message"]["id"], one["attempt"]) for one in again] == [(made[0], 2)]
    assert (await verb(tenant.http, first, "ack", 409))["code"] == "lease_lost"


@pytest.mark.parametrize("how", ["release", "run out"])
async def test_after_five_attempts_it_is_a_dead_letter(tenant: Tenant, how: str) -> None:
    inbox = await new_inbox(tenant.http)
    (made,) = await mail(tenant, inbox)
    lease: dict[str, Any] = {}
    for attempt in range(1, 6):
        (lease,) = await claim(tenant.http, inbox)
        assert lease["attempt"] == attempt
        if how == "release":
            await verb(tenant.http, lease, "release")
        else:
            await run_out(tenant, lease)
    assert await claim(tenant.http, inbox) == []

    async def look() -> bool | None:
        await tend(tenant.server.runtime)
        return "dead-letter" in (await tenant.http.get(f"/messages/{made}")).json()["labels"] or None

    await eventually(look, 20)
    assert await claim(tenant.http, inbox) == []
    found = (await tenant.http.get(f"/inboxes/{inbox}/messages", params={"labels": "dead-letter"})).json()["data"]
    assert [one["id"] for one in found] == [made]
    assert [one["added"] for one in await events_of(tenant, "message.labels_changed")] == [["dead-letter"]]
    assert (await verb(tenant.http, lease, "ack", 409))["code"] == "lease_lost"


async def test_a_last_attempt_that_is_acked_is_no_dead_letter(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    (made,) = await mail(tenant, inbox)
    for _ in range(4):
        await run_out(tenant, (await claim(tenant.http, inbox))[0])
    (lease,) = await claim(tenant.http, inbox)
    await verb(tenant.http, lease, "ack")
    await run_out(tenant, lease)
    await tend(tenant.server.runtime)
    assert "dead-letter" not in (await tenant.http.get(f"/messages/{made}")).json()["labels"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [0, 1, 2]),
        ({"label": "order"}, [0]),
        ({"label": "orde"}, []),
        ({"sender": "BOB@"}, [1]),
        ({"sender": "example"}, [0, 1, 2]),
        ({"subject": "ORDER"}, [0, 1]),
        ({"subject": "%"}, []),
        ({"unread": True}, [0, 1]),
        ({"unread": False}, [2]),
        ({"subject": "order", "sender": "ann"}, [0]),
    ],
)
async def test_filters_must_all_hold(tenant: Tenant, filters: dict[str, Any], expected: list[int]) -> None:
    inbox = await new_inbox(tenant.http)
    made = [
        *await mail(tenant, inbox, subject="Your order 1", labels=("received", "unread", "order")),
        *await mail(tenant, inbox, subject="An Order", from_address=Address("bob@example.com")),
        *await mail(tenant, inbox, subject="Other", labels=("received",)),
    ]
    assert message_ids(await claim(tenant.http, inbox, 50, **filters)) == [made[n] for n in expected]


async def test_a_thread_can_be_claimed_by_itself(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    made = await mail(tenant, inbox, 2)
    thread = (await tenant.http.get(f"/messages/{made[1]}")).json()["thread_id"]
    assert message_ids(await claim(tenant.http, inbox, 50, thread_id=thread)) == [made[1]]
    answer = await tenant.http.post(f"/inboxes/{inbox}/messages/claim", json={"filters": {"thread_id": "nonsense"}})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "filters.thread_id")


async def test_only_received_mail_is_work(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    await mail(tenant, inbox, status="held")
    await mail(tenant, inbox, labels=("received", "unread", "spam"))
    await mail(tenant, inbox, labels=("received", "unread", "blocked"))
    await mail(tenant, inbox, direction="outbound", status="sent", labels=("sent",))
    body = {"to": ["delivered@sandbox.test"], "subject": "s", "text_body": "t"}
    await tenant.http.post(f"/inboxes/{inbox}/messages", json=body)
    other = await new_inbox(tenant.http)
    await mail(tenant, other)
    made = await mail(tenant, inbox)
    assert message_ids(await claim(tenant.http, inbox, 50)) == made


async def test_a_message_that_is_leased_can_be_deleted_and_labelled(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    made = await mail(tenant, inbox, 2)
    first, second = await claim(tenant.http, inbox, 2)
    assert (await tenant.http.post(f"/messages/{made[1]}/labels", json={"labels": ["seen"]})).status_code == 200
    assert (await tenant.http.delete(f"/messages/{made[0]}")).status_code == 204
    await verb(tenant.http, first, "ack", 404)
    assert "seen" in (await verb(tenant.http, second, "ack"))["message"]["labels"]
    assert await claim(tenant.http, inbox) == []


async def test_labels_of_the_servers_own_are_not_set_by_an_ack(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    await mail(tenant, inbox)
    (lease,) = await claim(tenant.http, inbox)
    assert (await verb(tenant.http, lease, "ack", 422, labels=["dead-letter"]))["code"] == "validation_failed"
    assert (await verb(tenant.http, lease, "extend", lease_seconds=60))["status"] == "leased"


async def test_claiming_twice_with_one_idempotency_key_leases_once(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    await mail(tenant, inbox, 2)
    path, headers = f"/inboxes/{inbox}/messages/claim", {"Idempotency-Key": "k"}
    first, second = [await tenant.http.post(path, json={}, headers=headers) for _ in range(2)]
    assert first.json() == second.json()
    assert len(await claim(tenant.http, inbox, 50)) == 1


async def test_others_neither_claim_nor_end_it(tenant: Tenant, stranger: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    await mail(tenant, inbox, 2)
    (lease,) = await claim(tenant.http, inbox)
    async with outsiders(tenant, stranger) as others:
        for http in others:
            assert (await http.post(f"/inboxes/{inbox}/messages/claim", json={})).status_code == 404
            for name, body in (("ack", {}), ("extend", {"lease_seconds": 60}), ("release", {})):
                assert (await verb(http, lease, name, 404, **body))["code"] == "not_found"
    await verb(tenant.http, lease, "ack")


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 0},
        {"limit": 51},
        {"lease_seconds": 4},
        {"lease_seconds": 3601},
        {"filters": {"unknown": 1}},
        {"filters": None},
        {"limit": "1"},
    ],
)
async def test_what_cannot_be_claimed_is_422(tenant: Tenant, body: dict[str, Any]) -> None:
    answer = await tenant.http.post(f"/inboxes/{await new_inbox(tenant.http)}/messages/claim", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), answer.text


async def test_ended_leases_are_known_for_a_day(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    await mail(tenant, inbox, 2)
    old, new = await claim(tenant.http, inbox, 2)
    for lease in (old, new):
        await verb(tenant.http, lease, "ack")
    await fetch(
        tenant,
        "UPDATE leases SET ended_at = now() - interval '25 hours' WHERE organization_id = $1 AND id = $2",
        tenant.organization.organization_id,
        ids.decode("lse", old["lease_id"]),
    )
    await tend(tenant.server.runtime)
    await verb(tenant.http, old, "ack", 404)
    await verb(tenant.http, new, "ack")
    assert await claim(tenant.http, inbox, 2) == []
