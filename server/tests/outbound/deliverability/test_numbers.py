"""What the API shows: of an inbox, a domain, an environment, the organization; by hour and by day; nobody else's."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentpost_server.core import ids
from agentpost_server.outbound.deliverability import judge
from contract.shapes import check
from harness import Tenant, client
from outbound.deliverability.counted import added_up, mark, numbers, total
from outbound.sending import Json, inbox

_WRONG: list[dict[str, Any]] = [
    {"window_days": 0},
    {"window_days": 91},
    {"window_days": "x"},
    {"interval": "minute"},
    {"scope": "everything"},
    {"domain": "x" * 254},
]


async def test_an_inbox_by_day_and_by_hour(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    for hours_ago, sent, bounced in ((0, 60, 1), (30, 40, 1), (8 * 24, 1000, 900)):
        await mark(tenant, agent, sent=sent, bounced=bounced, hours_ago=hours_ago)
    await added_up(tenant)
    path = f"/inboxes/{agent['id']}/deliverability"
    by_day = await numbers(tenant.http, path)
    check("Deliverability", by_day)
    assert {name: by_day[name] for name in by_day if name != "series"} == {
        "score": 90,
        "band": "excellent",
        "sent": 100,
        "bounce_rate": 2.0,
        "complaint_rate": 0.0,
        "window_days": 7,
    }
    assert total(by_day) == {"sent": 100, "delivered": 98, "bounced": 2, "hard_bounced": 2, "complained": 0}
    days = [one["at"] for one in by_day["series"]]
    assert len(days) == 8
    assert all(one.endswith("T00:00:00.000Z") for one in days)
    by_hour = await numbers(tenant.http, path, interval="hour", window_days=2)
    assert len(by_hour["series"]) == 49
    assert total(by_hour) == total(by_day)
    moments = [datetime.fromisoformat(one["at"]) for one in by_hour["series"]]
    assert all(later - sooner == timedelta(hours=1) for sooner, later in itertools.pairwise(moments))
    assert timedelta() <= datetime.now(UTC) - moments[-1] < timedelta(hours=1)
    assert [one["sent"] for one in by_hour["series"] if one["sent"]] == [40, 60]
    assert (await numbers(tenant.http, path, window_days=1))["sent"] == 60
    wide = await numbers(tenant.http, path, window_days=30)
    assert (wide["score"], wide["band"], wide["sent"]) == (0, "critical", 1100)


async def _domain_inbox(tenant: Tenant, name: str, domain: str) -> Json:
    """An inbox as it stands on a domain of the tenant's own."""
    made = await inbox(tenant.http, name)
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run("UPDATE inboxes SET domain = $2 WHERE id = $1", ids.decode("inb", made["id"]), domain)
    return made


async def test_environment_domain_inbox_and_organization(tenant: Tenant, stranger: Tenant) -> None:
    one, two = await inbox(tenant.http), await _domain_inbox(tenant, "two", "mail.example")
    tried, theirs = await inbox(tenant.sandbox), await _domain_inbox(stranger, "theirs", "mail.example")
    second = (await tenant.http.post("/environments", json={"name": "Second", "slug": "second"})).json()
    await mark(tenant, one, sent=100)
    await mark(tenant, two, sent=200, complained=1)
    await mark(tenant, tried, sent=400)
    await mark(tenant, {**one, "environment_id": second["id"]}, sent=800)
    await mark(stranger, theirs, sent=1600)
    await added_up(tenant)
    await added_up(stranger)
    path = "/metrics/deliverability"
    assert (await numbers(tenant.http, path))["sent"] == 300
    assert (await numbers(tenant.http, path, scope="environment"))["sent"] == 300
    assert (await numbers(tenant.http, path, domain="Mail.Example."))["sent"] == 200
    assert (await numbers(tenant.http, path, domain="mail.example"))["complaint_rate"] == 0.5
    assert (await numbers(tenant.http, path, domain=one["domain"]))["sent"] == 100
    assert (await numbers(tenant.http, path, inbox_id=two["id"]))["sent"] == 200
    assert (await numbers(tenant.http, path, inbox_id=two["id"], domain="other.example"))["sent"] == 0
    headers = {"AgentPost-Environment": "second"}
    assert (await tenant.http.get(path, headers=headers)).json()["sent"] == 800
    assert (await numbers(tenant.http, path, scope="organization"))["sent"] == 1100, "a live key sees no test mail"
    assert (await numbers(tenant.sandbox, path, scope="organization"))["sent"] == 400
    assert (await numbers(stranger.http, path, domain="mail.example"))["sent"] == 1600
    assert (await numbers(stranger.http, path, domain=one["domain"]))["sent"] == 0
    for unknown in ("nobody.example", "a\x00b", "\udce4".encode("utf-8", "surrogatepass"), "..", "💥"):
        assert (await numbers(tenant.http, path, domain=unknown))["sent"] == 0
    for foreign in (theirs["id"], tried["id"], "inb_00000000000000000000000000", "x"):
        assert (await tenant.http.get(path, params={"inbox_id": foreign})).status_code == 404
        assert (await tenant.http.get(f"/inboxes/{foreign}/deliverability")).status_code == 404


async def test_h08_a_key_for_one_inbox_sees_its_numbers_alone(tenant: Tenant) -> None:
    mine, other = await inbox(tenant.http), await inbox(tenant.http, "other")
    await mark(tenant, mine, sent=10)
    await mark(tenant, other, sent=20)
    await added_up(tenant)
    wanted = {"name": "one", "scopes": ["metrics:read"], "inbox_ids": [mine["id"]]}
    key = (await tenant.http.post("/api-keys", json=wanted)).json()["key"]
    async with client(tenant.server, key) as http:
        for query in ({}, {"scope": "organization"}, {"domain": mine["domain"]}, {"inbox_id": mine["id"]}):
            assert (await numbers(http, "/metrics/deliverability", **query))["sent"] == 10
        assert (await http.get(f"/inboxes/{other['id']}/deliverability")).status_code == 404
        assert (await http.get("/metrics/deliverability", params={"inbox_id": other["id"]})).status_code == 404


@pytest.mark.parametrize("query", _WRONG, ids=str)
async def test_what_is_asked_wrongly_is_told(tenant: Tenant, query: dict[str, Any]) -> None:
    answer = await tenant.http.get("/metrics/deliverability", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_a_deleted_inbox_leaves_its_numbers_to_domain_and_environment(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await mark(tenant, agent, sent=70)
    await added_up(tenant)
    assert (await tenant.http.delete(f"/inboxes/{agent['id']}")).status_code == 204
    assert (await numbers(tenant.http, "/metrics/deliverability"))["sent"] == 70
    assert (await tenant.http.get(f"/inboxes/{agent['id']}/deliverability")).status_code == 404


async def test_chores_at_once_count_each_mark_once(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    for _ in range(40):
        await mark(tenant, agent, sent=1)
    await asyncio.gather(*(judge.add_up(tenant.server.runtime) for _ in range(8)))
    await added_up(tenant)
    assert (await numbers(tenant.http, "/metrics/deliverability"))["sent"] == 40


async def test_numbers_past_their_keeping_time_go(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    days = tenant.server.runtime.settings.metrics_days
    await mark(tenant, agent, sent=5, hours_ago=24 * days + 1)
    await mark(tenant, agent, sent=7, hours_ago=24 * days - 1)
    await added_up(tenant)
    await judge.prune(tenant.server.runtime)
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        for table in ("inbox_delivery_hours", "domain_delivery_hours"):
            rows = await tx.rows(f"SELECT sent FROM {table} WHERE organization_id = $1", tenant.organization[0])
            assert [row["sent"] for row in rows] == [7]
