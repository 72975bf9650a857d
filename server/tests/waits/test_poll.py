"""The long poll: never early, not late, and nothing of it stays behind."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from databases import new_database
from harness import Tenant, client, new_tenant, running_server
from stories.post import eventually
from waits.waiting import Clock, arm, new_inbox, parked, poll, receive


async def test_it_answers_at_its_timeout_and_not_before(tenant: Tenant) -> None:
    wait = await arm(tenant.http, await new_inbox(tenant.http))
    for timeout in (0.2, 1.1):
        clock = Clock()
        assert (await poll(tenant.http, wait, timeout))["status"] == "armed"
        assert timeout <= clock.seconds < timeout + 10


async def test_without_a_timeout_it_answers_at_once(tenant: Tenant) -> None:
    wait = await arm(tenant.http, await new_inbox(tenant.http))
    assert (await tenant.http.get(f"/waits/{wait['id']}")).json() == wait


async def test_a_match_rings_and_is_not_found_by_looking_again(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every poll of the server's put off for good, only the bells are left."""
    monkeypatch.setattr("agentpost_server.waits.parking._POLL_SECONDS", 3600)
    inbox = await new_inbox(tenant.http)
    for _ in range(3):
        wait = await arm(tenant.http, inbox)
        polling = asyncio.create_task(poll(tenant.http, wait, 50))
        await parked(tenant.server, 1)
        got = await receive(tenant, inbox)
        matched = await asyncio.wait_for(polling, 20)
        assert (matched["status"], matched["message"]["id"]) == ("matched", got)


async def test_many_requests_may_wait_for_one_wait(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox)
    polling = [asyncio.create_task(poll(tenant.http, wait)) for _ in range(5)]
    await parked(tenant.server, 5)
    got = await receive(tenant, inbox)
    assert {one["message"]["id"] for one in await asyncio.gather(*polling)} == {got}
    await parked(tenant.server, 0)


async def test_a_client_that_goes_away_leaves_nothing_behind(tenant: Tenant) -> None:
    wait = await arm(tenant.http, await new_inbox(tenant.http))
    before = len(asyncio.all_tasks())
    host, port = tenant.server.url.removeprefix("http://").split(":")
    for _ in range(20):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET /api/v1/waits/{wait['id']}?timeout=50 HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {tenant.organization.live_key}\r\n\r\n".encode()
        )
        await parked(tenant.server, 1)
        writer.close()
        await parked(tenant.server, 0)

    async def look() -> bool | None:
        return len(asyncio.all_tasks()) <= before + 2 or None

    await eventually(look)


async def test_a_server_that_stops_answers_first_and_another_goes_on(tenant: Tenant, database_url: str) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox)
    clock = Clock()
    async with running_server(database_url, roles=("api",)) as second:
        http = client(second, tenant.organization.live_key)
        polling = asyncio.create_task(poll(http, wait, 50))
        await parked(second, 1)
    assert (await polling)["status"] == "armed"
    assert clock.seconds < 40
    await http.aclose()
    got = await receive(tenant, inbox)
    assert (await poll(tenant.http, wait))["message"]["id"] == got


async def test_a_wait_outlives_every_process(postgres: str) -> None:
    database = await new_database(postgres, "waits")
    async with running_server(database) as first, new_tenant(first) as tenant:
        inbox = await new_inbox(tenant.http)
        wait = await arm(tenant.http, inbox, text="Words")
        short = await arm(tenant.http, inbox, deadline=(datetime.now(UTC) + timedelta(seconds=0.5)).isoformat())
    key = tenant.organization.live_key
    async with running_server(database) as second, client(second, key) as http:
        assert (await poll(http, short))["status"] == "expired"
        got = await receive(tenant, inbox, server=second)
        assert (await poll(http, wait))["message"]["id"] == got


async def test_a_key_that_was_revoked_meanwhile_gets_no_message(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox)
    key = (await tenant.http.post("/api-keys", json={"name": "short", "scopes": ["messages:read"]})).json()
    async with client(tenant.server, key["key"]) as http:
        polling = asyncio.create_task(http.get(f"/waits/{wait['id']}", params={"timeout": 50}))
        await parked(tenant.server, 1)
        assert (await tenant.http.delete(f"/api-keys/{key['id']}")).status_code == 204
        await asyncio.sleep(1.1)  # as long as a key is believed
        await receive(tenant, inbox)
        answer = await polling
    assert (answer.status_code, answer.json()["code"]) == (401, "key_revoked")


async def test_an_inbox_that_is_deleted_ends_the_poll(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant.http)
    wait = await arm(tenant.http, inbox, deadline=(datetime.now(UTC) + timedelta(seconds=2)).isoformat())
    polling = asyncio.create_task(tenant.http.get(f"/waits/{wait['id']}", params={"timeout": 50}))
    await parked(tenant.server, 1)
    await tenant.http.delete(f"/inboxes/{inbox}")
    answer = await asyncio.wait_for(polling, 30)
    assert answer.status_code == 404
