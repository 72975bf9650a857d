"""The log through the REST door: order, filters, pages, what is gone, and whose it is."""

from datetime import datetime
from typing import Any

import asyncpg
import pytest

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from events.happenings import live, publish, sandbox
from harness import Tenant, client


async def _all(tenant: Tenant, **query: Any) -> list[str]:
    return [one["id"] for one in (await tenant.http.get("/events", params=query)).json()["data"]]


async def _inbox(tenant: Tenant) -> str:
    return (await tenant.http.post("/inboxes", json={})).json()["id"]


async def test_an_event_is_its_envelope_and_nothing_else(tenant: Tenant) -> None:
    inbox = (await tenant.http.post("/inboxes", json={})).json()
    await publish(tenant.server, live(tenant))
    event = (await tenant.http.get("/events")).json()["data"][0]
    assert list(event) == ["id", "type", "timestamp", "org_id", "env_id", "data"]
    assert event["type"] == "inbox.created"
    assert event["data"] == {"inbox_id": inbox["id"], "email": inbox["email"]}
    assert (event["org_id"], event["env_id"]) == (tenant.organization_id, inbox["environment_id"])
    assert event["timestamp"].endswith("Z")
    assert datetime.fromisoformat(event["timestamp"]).microsecond % 1000 == 0
    assert (await tenant.http.get(f"/events/{event['id'].lower()}")).json() == event


async def test_the_log_is_read_in_its_order_from_the_oldest_and_on_from_after(tenant: Tenant) -> None:
    first = await publish(tenant.server, live(tenant), times=3)
    second = await publish(tenant.server, live(tenant), times=3)
    assert await _all(tenant) == first + second
    assert await _all(tenant, after=first[1]) == [first[2], *second]
    assert await _all(tenant, after=second[-1]) == []
    third = await publish(tenant.server, live(tenant))
    assert await _all(tenant, after=second[-1]) == third


@pytest.mark.parametrize("filters", [{}, {"types": "inbox.paused,thread.created"}, {"inbox": True}])
async def test_pages_hold_every_event_once(tenant: Tenant, filters: dict[str, Any]) -> None:
    inbox = await _inbox(tenant)
    made: list[str] = []
    for _ in range(3):
        made += await publish(tenant.server, live(tenant), "thread.created", inbox=inbox, times=2)
        made += await publish(tenant.server, live(tenant), "inbox.paused", inbox=inbox)
        await publish(tenant.server, live(tenant), "inbox.resumed")
    query = {"inbox_id": inbox, "types": ["inbox.paused", "thread.created"]} if filters.get("inbox") else dict(filters)
    seen, token = [], None
    while True:
        page = (
            await tenant.http.get("/events", params={**query, "limit": 2, **({"page_token": token} if token else {})})
        ).json()
        seen += [one["id"] for one in page["data"]]
        if (token := page["next_page_token"]) is None:
            break
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in made] == made
    if filters:
        assert seen == made


async def test_types_are_repeated_or_separated_by_commas_and_checked(tenant: Tenant) -> None:
    created = await publish(tenant.server, live(tenant), "thread.created")
    paused = await publish(tenant.server, live(tenant), "inbox.paused")
    await publish(tenant.server, live(tenant), "inbox.resumed")
    assert await _all(tenant, types="thread.created, inbox.paused") == created + paused
    assert await _all(tenant, types=["inbox.paused", "thread.created"]) == created + paused
    wrong = await tenant.http.get("/events", params={"types": "thread.created,message.recieved"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "types")
    assert (await tenant.http.get("/events", params={"inbox_id": "inb_x"})).status_code == 404
    assert (await tenant.http.get("/events", params={"inbox_id": ids.encode("inb", ids.new_id())})).json()["data"] == []


async def test_a_token_of_other_filters_is_refused(tenant: Tenant) -> None:
    await publish(tenant.server, live(tenant), times=2)
    token = (await tenant.http.get("/events", params={"limit": 1})).json()["next_page_token"]
    other = await tenant.http.get("/events", params={"limit": 1, "types": "thread.created", "page_token": token})
    assert (other.status_code, other.json()["code"]) == (400, "invalid_page_token")


async def test_an_unknown_foreign_or_expired_after_is_gone_and_names_the_oldest(
    tenant: Tenant, stranger: Tenant
) -> None:
    mine = await publish(tenant.server, live(tenant), times=2)
    theirs = await publish(tenant.server, live(stranger))
    other_environment = await publish(tenant.server, sandbox(tenant))
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        aged = "UPDATE events SET published_at = now() - interval '31 days' WHERE organization_id = $1 AND id = $2"
        await tx.run(aged, tenant.organization.organization_id, ids.decode("evt", mine[0]))
    unknown = ids.encode("evt", ids.new_id())
    for after in (
        mine[0],
        theirs[0],
        other_environment[0],
        unknown,
        "evt_garbage",
        "",
        "msg_1",
        "\x00",
        "evt_" + "Z" * 26,
    ):
        gone = await tenant.http.get("/events", params={"after": after})
        assert (gone.status_code, gone.json()["code"]) == (410, "event_expired"), after
        assert gone.json()["errors"] == [{"field": "after", "message": mine[0], "code": "oldest_event_id"}]
        assert "without after" in gone.json()["fix"]
    empty = await stranger.sandbox.get("/events", params={"after": unknown})
    assert (empty.status_code, empty.json()["errors"]) == (410, [])


async def test_h07_an_event_is_seen_only_by_its_tenant_and_environment(tenant: Tenant, stranger: Tenant) -> None:
    mine = (await publish(tenant.server, live(tenant)))[0]
    assert (await tenant.http.get(f"/events/{mine}")).status_code == 200
    random = ids.encode("evt", ids.new_id())
    for http in (stranger.http, tenant.sandbox):
        foreign, nothing = [(await http.get(f"/events/{one}")).json() for one in (mine, random)]
        assert foreign["status"] == 404
        assert {**foreign, "request_id": ""} == {**nothing, "request_id": ""}
        assert (await http.get("/events")).json()["data"] == []


async def test_h08_a_key_for_one_inbox_sees_the_events_of_that_inbox(tenant: Tenant) -> None:
    mine, other = await _inbox(tenant), await _inbox(tenant)
    of_mine = await publish(tenant.server, live(tenant), inbox=mine)
    of_other = await publish(tenant.server, live(tenant), inbox=other)
    of_none = await publish(tenant.server, live(tenant))
    made = await tenant.http.post("/api-keys", json={"name": "one", "scopes": ["events:read"], "inbox_ids": [mine]})
    async with client(tenant.server, made.json()["key"]) as narrow:
        seen = [one["id"] for one in (await narrow.get("/events", params={"types": "thread.created"})).json()["data"]]
        assert seen == of_mine
        for hidden in (*of_other, *of_none):
            assert (await narrow.get(f"/events/{hidden}")).status_code == 404
            assert (await narrow.get("/events", params={"after": hidden})).status_code == 410
        assert (await narrow.get("/events", params={"inbox_id": other})).json()["data"] == []


async def test_h06_reading_events_needs_its_scope(tenant: Tenant) -> None:
    made = await tenant.http.post("/api-keys", json={"name": "no", "scopes": ["inboxes:read"]})
    async with client(tenant.server, made.json()["key"]) as http:
        for path in ("/events", f"/events/{ids.encode('evt', ids.new_id())}", "/events/stream"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
            assert "events:read" in answer.json()["detail"]


async def test_every_filter_of_the_log_walks_an_index(tenant: Tenant, database_url: str) -> None:
    """Also with a log full of other things: nothing is scanned or filtered away row by row."""
    from agentpost_server.events import Selection, store

    scope: Scope = live(tenant)
    plans: list[str] = []

    class Explaining:
        async def rows(self, sql: str, *arguments: object) -> list[object]:
            plans.append(await _plan_in_a_full_log(database_url, scope, sql, arguments))
            return []

    varied: list[dict[str, Any]] = [{}, {"types": ("thread.created",)}, {"inbox_ids": (ids.new_id(),)}]
    for filters in varied:
        chosen = Selection(organization_id=scope.organization_id, environment_ids=(scope.environment_id,), **filters)
        await store.select_after(Explaining(), chosen, 0, None, 50)  # type: ignore[arg-type]
    for plan, index in zip(plans, ("events_by_environment", "events_by_type", "events_by_inbox"), strict=True):
        assert f"using {index}" in plan, plan


async def _plan_in_a_full_log(url: str, scope: Scope, sql: str, arguments: tuple[object, ...]) -> str:
    """The plan among 40,000 events of many types and inboxes, as the api role; nothing of it stays."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "agentpost"})
    try:
        await connection.execute("BEGIN")
        await connection.execute(
            """INSERT INTO events (organization_id, id, environment_id, inbox_id, type, occurred_at, data, position)
               SELECT $1, gen_random_uuid(), $2, md5((n % 100)::text)::uuid, 'type.' || n % 20, now(), '{}', 1000000 + n
               FROM generate_series(1, 40000) AS n""",
            scope.organization_id,
            scope.environment_id,
        )
        await connection.execute("ANALYZE events")
        await connection.execute(f"SET LOCAL agentpost.organization_id = '{scope.organization_id}'")
        await connection.execute("SET LOCAL ROLE agentpost_api")
        return "\n".join(row[0] for row in await connection.fetch("EXPLAIN " + sql, *arguments))
    finally:
        await connection.close()
