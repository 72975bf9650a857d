"""Every route there is, called with an agent's key: whatever its body says, no setting of the organization changes."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest_asyncio

from harness import Server, Tenant, client, new_tenant
from isolation.routes import BODIES, GUARDED, Route
from isolation.world import Ids, make_world
from obedient.world import settings_of


@pytest_asyncio.fixture(scope="module")
async def owned(server: Server) -> AsyncGenerator[tuple[Tenant, Ids]]:
    async with new_tenant(server) as tenant:
        yield tenant, await make_world(tenant)


def _body(route: Route) -> Any:
    return BODIES.get(route.path, route.body) if route.body is not None else None


async def test_no_route_changes_a_setting_for_an_agents_key(owned: tuple[Tenant, Ids]) -> None:
    tenant, ids = owned
    wanted = {"name": "agent", "scopes": ["*"], "inbox_ids": [ids["inbox_id"]]}
    key = (await tenant.http.post("/api-keys", json=wanted)).json()["key"]
    before = await settings_of(tenant)
    served = 0
    async with client(tenant.server, key) as http:
        for route in GUARDED:
            if route.path.endswith("/stream"):
                continue
            answer = await http.request(route.method, route.at(ids), json=_body(route), params=route.query)
            assert answer.status_code < 500, (route, answer.text)
            served += answer.status_code < 300
    after = await settings_of(tenant)
    for table in before:
        assert after[table] == before[table], table
    assert served > 30


async def test_a_wide_key_changes_them_by_the_same_walk(server: Server) -> None:
    async with new_tenant(server) as tenant:
        ids = await make_world(tenant)
        before = await settings_of(tenant)
        for route in GUARDED:
            if route.method != "GET":
                await tenant.http.request(route.method, route.at(ids), json=_body(route), params=route.query)
        after = await settings_of(tenant)
    changed = {name for name in before if after[name] != before[name]}
    assert changed >= {"policies", "filter_rules", "webhooks", "suppressions", "inboxes", "api_keys"}
