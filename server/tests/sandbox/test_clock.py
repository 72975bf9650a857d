"""A test environment's clock: forward only, its own, and what it moves."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest

from drafts.drafting import draft
from harness import Tenant, client
from outbound.sending import events, history, inbox, recipients, send, until
from sandbox.simulated import DAY, advance, at_rest


async def _clock(tenant: Tenant) -> Any:
    return (await tenant.sandbox.get("/sandbox/clock")).json()


async def test_it_goes_forward_by_seconds_or_to_a_time(tenant: Tenant) -> None:
    before = await _clock(tenant)
    assert (before["offset_seconds"], before["under_way"]) == (0, 0)
    after = await advance(tenant.sandbox, 2 * DAY)
    assert after["offset_seconds"] == 2 * DAY
    ahead = datetime.fromisoformat(after["now"]) - datetime.fromisoformat(before["now"])
    assert timedelta(days=2) <= ahead < timedelta(days=2, minutes=1)
    to = datetime.fromisoformat(after["now"]) + timedelta(hours=5)
    moved = (await tenant.sandbox.post("/sandbox/clock", json={"to": to.isoformat()})).json()
    assert to <= datetime.fromisoformat(moved["now"]) < to + timedelta(minutes=1)
    environment = (await tenant.sandbox.get("/environments")).json()["data"][0]
    assert environment["clock_offset_seconds"] == moved["offset_seconds"]
    audit = (await tenant.sandbox.get("/org/audit-log")).json()["data"]
    assert [one["action"] for one in audit[:2]] == ["environment.clock_advanced"] * 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance_seconds": -1},
        {"advance_seconds": 1, "to": "2030-01-01T00:00:00Z"},
        {"to": "2020-01-01T00:00:00Z"},
        {"to": "9999-01-01T00:00:00Z"},
        {"advance_seconds": 315_360_000_000},
    ],
)
async def test_never_back_nor_out_of_sight(tenant: Tenant, body: Any) -> None:
    answer = await tenant.sandbox.post("/sandbox/clock", json=body)
    assert answer.status_code == 422, answer.text
    assert (await _clock(tenant))["offset_seconds"] == 0


async def test_only_test_environments_are_simulated(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    for path, body in (
        ("/sandbox/clock", {"advance_seconds": 1}),
        ("/sandbox/personas", {"email": "a@b.example", "script": []}),
        ("/sandbox/deliver", {"inbox_id": agent["id"], "from_address": "a@b.example"}),
    ):
        answer = await tenant.http.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
    assert (await tenant.http.get("/sandbox/clock")).json()["offset_seconds"] == 0


async def test_scheduled_sends_and_drafts_go_when_their_day_has_come(tenant: Tenant) -> None:
    agent = await inbox(tenant.sandbox)
    start = datetime.fromisoformat((await _clock(tenant))["now"])
    at = start + timedelta(days=2)
    made = await send(tenant.sandbox, agent["id"], to=["a@b.example"], send_at=at.isoformat())
    await draft(tenant.sandbox, agent["id"], to=["c@d.example"], subject="later", send_at=at.isoformat())
    assert made["status"] == "scheduled"
    await advance(tenant.sandbox, DAY)
    assert (await tenant.sandbox.get(f"/messages/{made['id']}")).json()["status"] == "scheduled"
    await advance(tenant.sandbox, DAY)
    page = await until(
        tenant.sandbox,
        f"/inboxes/{agent['id']}/messages",
        lambda page: [one["status"] for one in page["data"]] == ["delivered", "delivered"],
    )
    assert [recipients(one) for one in page["data"]] == [{"c@d.example": "captured"}, {"a@b.example": "captured"}]
    for one in page["data"]:
        assert datetime.fromisoformat(one["sent_at"]) >= at - timedelta(milliseconds=1)
    later = start + timedelta(days=400)
    assert (await tenant.sandbox.get("/sandbox/clock")).json()["offset_seconds"] == 2 * DAY
    far = await tenant.sandbox.post(
        f"/inboxes/{agent['id']}/messages", json={"to": ["a@b.example"], "send_at": later.isoformat()}
    )
    assert far.status_code == 422
    past = await tenant.sandbox.post(
        f"/inboxes/{agent['id']}/messages",
        json={"to": ["a@b.example"], "send_at": (start + timedelta(days=1)).isoformat()},
    )
    assert (past.status_code, past.json()["errors"][0]["field"]) == (422, "send_at")


async def test_what_is_written_has_the_time_of_its_environment(tenant: Tenant) -> None:
    agent = await inbox(tenant.sandbox)
    first = await send(tenant.sandbox, agent["id"], to=["echo@sandbox.test"])
    await at_rest(tenant.sandbox)
    await advance(tenant.sandbox, 3 * DAY)
    second = await send(tenant.sandbox, agent["id"], to=["echo@sandbox.test"])
    await at_rest(tenant.sandbox)
    page = await until(tenant.sandbox, f"/inboxes/{agent['id']}/messages", lambda page: len(page["data"]) == 4)
    days = [(datetime.fromisoformat(one["created_at"]).date(), one["direction"]) for one in page["data"]]
    one, other = (datetime.fromisoformat(each["created_at"]).date() for each in (first, second))
    assert (other - one).days == 3
    assert days == [(other, "inbound"), (other, "outbound"), (one, "inbound"), (one, "outbound")]


async def test_a_put_off_call_is_tried_when_its_time_comes(tenant: Tenant) -> None:
    agent = await inbox(tenant.sandbox)
    made = await send(tenant.sandbox, agent["id"], to=["deferred@sandbox.test"])
    await until(tenant.sandbox, f"/messages/{made['id']}", lambda one: one["recipients"][0]["status"] == "deferred")
    await advance(tenant.sandbox, DAY)
    done = await until(tenant.sandbox, f"/messages/{made['id']}", lambda one: one["status"] == "delivered")
    assert recipients(done) == {"deferred@sandbox.test": "delivered"}
    assert [kind for kind, _ in await history(tenant.sandbox, made["id"])].count("sending") == 2


async def test_it_moves_nothing_else(tenant: Tenant, stranger: Tenant) -> None:
    """No other environment, no other tenant, no key, no window, no keeping time."""
    key = await tenant.sandbox.post(
        "/api-keys", json={"name": "short", "scopes": ["*"], "expires_at": "2029-01-01T00:00:00Z"}
    )
    other = (await tenant.sandbox.post("/environments", json={"name": "O", "slug": "other", "kind": "test"})).json()
    tenant.sandbox.headers["AgentPost-Environment"] = "sandbox"
    waiting: list[tuple[Any, str]] = []
    async with client(tenant.server, tenant.organization.test_key) as elsewhere:
        elsewhere.headers["AgentPost-Environment"] = "other"
        for http in (tenant.http, stranger.sandbox, elsewhere):
            agent = await inbox(http)
            made = await send(http, agent["id"], to=["a@b.example"], send_at="2027-06-01T00:00:00Z")
            waiting.append((http, made["id"]))
        organization_id = tenant.organization.organization_id
        async with tenant.server.database.transaction(organization_id) as tx:
            before = await _everything(tx)
        await advance(tenant.sandbox, 900 * DAY)
        async with tenant.server.database.transaction(organization_id) as tx:
            assert await _everything(tx) == before
        for http, message_id in waiting:
            one = (await http.get(f"/messages/{message_id}")).json()
            assert (one["status"], one["send_at"][:10]) == ("scheduled", "2027-06-01")
        assert (await elsewhere.get("/sandbox/clock")).json()["offset_seconds"] == 0
    assert other["clock_offset_seconds"] == 0
    async with client(tenant.server, key.json()["key"]) as still:
        still.headers["AgentPost-Environment"] = "sandbox"
        assert (await still.get("/inboxes")).status_code == 200


async def _everything(tx: Any) -> Any:
    """Every time that work or keeping hangs on, of the tenant, but in the environment that is moved."""
    rows = await tx.rows(
        """SELECT id::text, due_at FROM transmissions
           UNION ALL SELECT id::text, expires_at FROM api_keys
           UNION ALL SELECT encode(key_hash, 'hex'), created_at FROM idempotency_keys
           UNION ALL SELECT id::text, expires_at FROM uploads
           UNION ALL SELECT email, created_at FROM suppressions ORDER BY 1"""
    )
    return [tuple(row) for row in rows]


async def test_who_has_to_approve_has_until_the_environments_time(tenant: Tenant) -> None:
    http, agent = tenant.sandbox, await inbox(tenant.sandbox)
    rules = {"when": ["always"], "expires_seconds": 2 * DAY, "on_expiry": "reject"}
    answer = await http.post(
        "/policies", json={"name": "all", "kind": "approval", "scope": "environment", "rules": rules}
    )
    assert answer.status_code == 201, answer.text
    made = await send(http, agent["id"], to=["a@b.example"])
    assert made["status"] == "pending_approval"
    before = datetime.fromisoformat(made["hold"]["expires_at"])
    await advance(http, DAY)
    waiting = (await http.get(f"/messages/{made['id']}")).json()
    assert waiting["status"] == "pending_approval"
    nearer = before - datetime.fromisoformat(waiting["hold"]["expires_at"])
    assert abs(nearer - timedelta(days=1)) < timedelta(seconds=1)
    await advance(http, DAY)
    await until(http, f"/messages/{made['id']}", lambda one: one["status"] == "rejected")


async def test_a_wait_comes_to_its_deadline_and_a_lease_to_its_end_here_and_nowhere_else(
    tenant: Tenant, stranger: Tenant
) -> None:
    """A request that is held open for the wait is answered at once, and long before the wall is there."""
    http = tenant.sandbox
    await http.post("/environments", json={"name": "O", "slug": "other", "kind": "test"})
    http.headers["AgentPost-Environment"] = "sandbox"
    async with client(tenant.server, tenant.organization.test_key) as elsewhere:
        elsewhere.headers["AgentPost-Environment"] = "other"
        armed = [await _waiting(one) for one in (http, elsewhere, stranger.sandbox)]
        polling = asyncio.create_task(http.get(f"/waits/{armed[0][0]}", params={"timeout": 55}, timeout=90))
        while len(tenant.server.process.parking) == 0:  # noqa: ASYNC110 parking tells by its number alone
            await asyncio.sleep(0.01)
        began = time.monotonic()
        await advance(http, 1800)
        assert (await polling).json()["status"] == "expired"
        assert time.monotonic() - began < 40
        for one, (wait, inbox_id) in zip((elsewhere, stranger.sandbox), armed[1:], strict=True):
            assert (await one.get(f"/waits/{wait}")).json()["status"] == "armed"
            assert await _claimed(one, inbox_id) == []
    again = await _claimed(http, armed[0][1])
    assert [lease["attempt"] for lease in again] == [2]
    # Ended now, not then: it is there as long as any other that has ended.
    await advance(http, 30 * DAY)
    assert (await http.get(f"/waits/{armed[0][0]}")).json()["status"] == "expired"
    assert [lease["attempt"] for lease in await _claimed(http, armed[0][1])] == [3]


async def _waiting(http: httpx.AsyncClient) -> tuple[str, str]:
    """A wait for what never comes, and the only mail of its inbox in somebody's hands."""
    agent = await inbox(http)
    await send(http, agent["id"], to=[agent["email"]])
    await at_rest(http)
    wait = await http.post(f"/inboxes/{agent['id']}/waits", json={"subject": "never"})
    assert len(await _claimed(http, agent["id"])) == 1
    return wait.json()["id"], agent["id"]


async def _claimed(http: httpx.AsyncClient, inbox_id: str) -> list[Any]:
    answer = await http.post(f"/inboxes/{inbox_id}/messages/claim", json={"lease_seconds": 1500})
    return answer.json()["data"]


async def test_caps_go_by_the_wall_and_what_is_over_one_goes_when_it_is_raised(tenant: Tenant) -> None:
    http, agent = tenant.sandbox, await inbox(tenant.sandbox)
    caps = {"name": "caps", "kind": "caps", "rules": {"messages_per_day": 1, "over": "hold"}, "scope": "environment"}
    made = (await http.post("/policies", json=caps)).json()
    await send(http, agent["id"], to=["a@b.example"])
    start = datetime.fromisoformat((await _clock(tenant))["now"])
    at = (start + timedelta(hours=1)).isoformat()
    later = await send(http, agent["id"], to=["c@d.example"], send_at=at)
    for _ in range(2):
        await advance(http, 2 * DAY)
        assert (await http.get(f"/messages/{later['id']}")).json()["status"] == "scheduled"
    raised = await http.patch(f"/policies/{made['id']}", json={"rules": {"messages_per_day": 9, "over": "hold"}})
    assert raised.status_code == 200, raised.text
    await advance(http, 2 * DAY)
    await until(http, f"/messages/{later['id']}", lambda one: one["status"] == "delivered")


async def test_scheduled_mail_that_is_over_a_cap_that_rejects_never_goes(tenant: Tenant) -> None:
    http, agent = tenant.sandbox, await inbox(tenant.sandbox)
    caps = {"name": "caps", "kind": "caps", "rules": {"messages_per_day": 1}, "scope": "environment"}
    assert (await http.post("/policies", json=caps)).status_code == 201
    at = (datetime.fromisoformat((await _clock(tenant))["now"]) + timedelta(hours=1)).isoformat()
    both = [await send(http, agent["id"], to=["a@b.example"], send_at=at) for _ in range(2)]
    await advance(http, 2 * 3600)
    ended = [(await http.get(f"/messages/{one['id']}")).json() for one in both]
    assert sorted(one["status"] for one in ended) == ["delivered", "rejected"]
    [over] = [one["id"] for one in ended if one["status"] == "rejected"]
    told = [(data["message_id"], data["reason"]) for kind, data in await events(tenant) if kind == "message.rejected"]
    assert told == [(over, "policy")]
