"""Waits through the door: what matches, what never does, how a wait ends and what it then shows."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from agentpost_server.core import ids
from agentpost_server.waits import prune
from harness import Tenant
from messages.reading import fetch, outsiders
from stories.post import eventually, mail_in
from waits.waiting import Clock, arm, new_inbox, parked, poll, receive


async def test_a_wait_armed_before_the_mail_gets_it(tenant: Tenant) -> None:
    inbox = (await tenant.http.post("/inboxes", json={})).json()
    wait = await arm(tenant.http, inbox["id"], sender="LOGIN@", subject="your code", text="482913")
    polling = asyncio.create_task(poll(tenant.http, wait))
    await parked(tenant.server, 1)
    await mail_in(tenant.server.smtp_port, inbox["email"], subject="Your code", text="482913", sender="a@example.com")
    await mail_in(
        tenant.server.smtp_port, inbox["email"], subject="Your code", text="It is 482913.", sender="login@s.example"
    )
    matched = await polling
    assert matched["status"] == "matched"
    assert matched["matched_at"] is not None
    assert (matched["message"]["from_address"]["email"], matched["message"]["inbox_id"]) == (
        "login@s.example",
        inbox["id"],
    )
    assert matched["message"]["extracted_text"] == "It is 482913."
    assert await poll(tenant.http, wait, 0) == matched


async def test_mail_that_came_before_arming_does_not_match(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    before = await arm(tenant.http, inbox)
    early = await receive(tenant, inbox)
    assert (await poll(tenant.http, before))["message"]["id"] == early
    wait = await arm(tenant.http, inbox)
    assert (await poll(tenant.http, wait, 0.3))["status"] == "armed"
    late = await receive(tenant, inbox)
    assert (await poll(tenant.http, wait))["message"]["id"] == late


async def test_it_matches_whether_or_not_anybody_polls(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox)
    got = await receive(tenant, inbox)
    await poll(tenant.http, await _ended(tenant, wait["id"]), 0)
    matched = await poll(tenant.http, wait, 0)
    assert (matched["status"], matched["message"]["id"]) == ("matched", got)


async def _ended(tenant: Tenant, wait_id: str) -> str:
    async def look() -> str | None:
        return wait_id if (await poll(tenant.http, wait_id, 0))["status"] != "armed" else None

    return await eventually(look, 20)


@pytest.mark.parametrize(
    ("fields", "label"),
    [({"status": "held"}, None), ({"labels": ("received", "unread", "spam")}, None), ({"status": "held"}, "received")],
)
async def test_held_and_spam_mail_never_matches(tenant: Tenant, fields: dict, label: str | None) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox, label=label)
    await receive(tenant, inbox, **fields)
    good = await receive(tenant, inbox)
    assert (await poll(tenant.http, wait))["message"]["id"] == good


async def test_what_is_sent_does_not_match_and_another_inbox_neither(tenant: Tenant) -> None:
    inbox, other = await new_inbox(tenant.http), await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox)
    body = {"to": ["delivered@sandbox.test"], "subject": "s", "text_body": "t"}
    await tenant.http.post(f"/inboxes/{inbox}/messages", json=body)
    await receive(tenant, other)
    good = await receive(tenant, inbox)
    assert (await poll(tenant.http, wait))["message"]["id"] == good


async def test_exclusive_waits_share_no_mail_and_others_do(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    first, second = await arm(tenant.http, inbox), await arm(tenant.http, inbox)
    shared = [await arm(tenant.http, inbox, exclusive=False) for _ in range(2)]
    one, two = await receive(tenant, inbox), await receive(tenant, inbox)
    got = [(await poll(tenant.http, wait))["message"]["id"] for wait in (first, second, *shared)]
    assert got == [one, two, one, one]


async def test_a_cancelled_wait_answers_whoever_polls_and_matches_no_more(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    wait, other = await arm(tenant.http, inbox), await arm(tenant.http, inbox)
    polling = asyncio.create_task(poll(tenant.http, wait))
    await parked(tenant.server, 1)
    for _ in range(2):
        assert (await tenant.http.delete(f"/waits/{wait['id']}")).status_code == 204
    cancelled = await asyncio.wait_for(polling, 10)
    assert (cancelled["status"], cancelled["message"]) == ("cancelled", None)
    got = await receive(tenant, inbox)
    assert (await poll(tenant.http, other))["message"]["id"] == got
    await tenant.http.delete(f"/waits/{other['id']}")
    assert (await poll(tenant.http, other, 0))["status"] == "matched"


async def test_it_expires_at_its_deadline_and_then_matches_nothing(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    clock = Clock()
    deadline = datetime.now(UTC) + timedelta(seconds=1.5)
    wait = await arm(tenant.http, inbox, deadline=deadline.isoformat())
    expired = await poll(tenant.http, wait)
    assert expired["status"] == "expired"
    assert clock.seconds > 1.4
    await receive(tenant, inbox)
    other = await arm(tenant.http, inbox)
    await receive(tenant, inbox)
    assert (await poll(tenant.http, other))["status"] == "matched"
    assert await poll(tenant.http, wait, 0) == expired


async def test_nobody_needs_to_ask_for_a_wait_to_expire(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox, deadline=(datetime.now(UTC) + timedelta(seconds=0.3)).isoformat())

    async def look() -> bool | None:
        await prune(tenant.server.runtime)
        return await _is_expired(tenant, wait) or None

    await eventually(look, 20)


async def test_ended_waits_are_kept_for_a_day(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    old, new, armed = [await arm(tenant.http, inbox) for _ in range(3)]
    for wait in (old, new):
        await tenant.http.delete(f"/waits/{wait['id']}")
    await fetch(
        tenant,
        "UPDATE waits SET ended_at = now() - interval '25 hours' WHERE organization_id = $1 AND id = $2",
        tenant.organization.organization_id,
        ids.decode("wai", old["id"]),
    )
    await prune(tenant.server.runtime)
    assert [(await tenant.http.get(f"/waits/{one['id']}")).status_code for one in (old, new, armed)] == [404, 200, 200]


async def _is_expired(tenant: Tenant, wait: dict) -> bool:
    rows = await fetch(
        tenant,
        "SELECT status FROM waits WHERE organization_id = $1 AND id = $2",
        tenant.organization.organization_id,
        ids.decode("wai", wait["id"]),
    )
    return rows[0]["status"] == "expired"


async def test_without_a_deadline_it_waits_for_fifteen_minutes(tenant: Tenant) -> None:
    wait = await arm(tenant.http, await new_inbox(tenant.http))
    left = datetime.fromisoformat(wait["deadline"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)


@pytest.mark.parametrize(
    "wanted",
    [
        {"deadline": "2020-01-01T00:00:00Z"},
        {"deadline": "9999-12-31T23:59:59Z"},
        {"deadline": "0001-01-01T00:00:00+14:00"},
        {"deadline": "2027-01-01T00:00:00"},
        {"deadline": 5},
        {"from": ""},
        {"subject": "x" * 501},
        {"label": "x" * 65},
        {"exclusive": "yes"},
        {"unknown": 1},
    ],
)
async def test_what_cannot_be_waited_for_is_422(tenant: Tenant, wanted: dict) -> None:
    answer = await tenant.http.post(f"/inboxes/{await new_inbox(tenant.http)}/waits", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), answer.text


@pytest.mark.parametrize("seconds", ["-1", "55.1", "nan", "inf", "x", "1e999"])
async def test_a_request_waits_at_most_55_seconds(tenant: Tenant, seconds: str) -> None:
    wait = await arm(tenant.http, await new_inbox(tenant.http))
    answer = await tenant.http.get(f"/waits/{wait['id']}", params={"timeout": seconds})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), answer.text


async def test_arming_twice_with_one_idempotency_key_arms_once(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    first, second = [
        await tenant.http.post(f"/inboxes/{inbox}/waits", json={}, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_a_deleted_message_leaves_the_wait_without_one(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox)
    got = await receive(tenant, inbox)
    assert (await poll(tenant.http, wait))["message"]["id"] == got
    assert (await tenant.http.delete(f"/messages/{got}")).status_code == 204
    after = await poll(tenant.http, wait, 0)
    assert (after["status"], after["message"]) == ("matched", None)


async def test_the_waits_of_a_deleted_inbox_are_gone(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox)
    await tenant.http.delete(f"/inboxes/{inbox}")
    assert (await tenant.http.get(f"/waits/{wait['id']}")).status_code == 404
    assert (await tenant.http.post(f"/inboxes/{inbox}/waits", json={})).status_code == 404


async def test_others_see_and_end_no_wait(tenant: Tenant, stranger: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox)
    async with outsiders(tenant, stranger) as others:
        for http in others:
            assert (await http.get(f"/waits/{wait['id']}")).status_code == 404
            assert (await http.delete(f"/waits/{wait['id']}")).status_code == 404
            assert (await http.post(f"/inboxes/{inbox}/waits", json={})).status_code == 404
    assert (await poll(tenant.http, wait, 0))["status"] == "armed"


async def test_the_inbox_bounds_how_many_wait(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentpost_server.waits.service.MOST_ARMED", 2)
    inbox = await new_inbox(tenant.http)
    waits = [await arm(tenant.http, inbox) for _ in range(2)]
    answer = await tenant.http.post(f"/inboxes/{inbox}/waits", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    await tenant.http.delete(f"/waits/{waits[0]['id']}")
    await arm(tenant.http, inbox)


async def test_a_wait_for_a_code_gets_the_mail_that_has_one_and_the_code(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox, has_code=True)
    assert (wait["has_code"], wait["codes"]) == (True, [])
    await receive(tenant, inbox, subject="Lunch?", text_body="Order 482913 is on its way.")
    got = await receive(tenant, inbox, subject="Sign in", text_body="Your verification code is 739106.")
    matched = await poll(tenant.http, wait)
    assert (matched["message"]["id"], matched["codes"][0]["value"]) == (got, "739106")
    assert matched["codes"] == (await tenant.http.get(f"/messages/{got}/codes")).json()["data"]


async def test_codes_are_told_whether_or_not_they_were_asked_for(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox, has_code=False)
    assert wait["has_code"] is None
    await receive(tenant, inbox, subject="Sign in", text_body="Your verification code is 739106.")
    assert [one["value"] for one in (await poll(tenant.http, wait))["codes"]] == ["739106"]
