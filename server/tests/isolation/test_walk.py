"""Every route, walked: without a key, without its scope, and by a stranger; and the strangers' walk again with each
layer of isolation switched off in turn, so that neither hides a hole of the other."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import asyncpg
import httpx2 as httpx
import pytest
import pytest_asyncio

from agentpost_server.accounts.scopes import SCOPES
from agentpost_server.db import Tx
from harness import Server, Tenant, client, new_tenant
from isolation.routes import GUARDED, NAMING, call
from isolation.world import Ids, make_world


@pytest_asyncio.fixture(scope="module")
async def world(server: Server) -> AsyncGenerator[tuple[Tenant, Ids]]:
    """A tenant, and one of everything that is its own."""
    async with new_tenant(server) as owner:
        yield owner, await make_world(owner)


@pytest_asyncio.fixture
async def pair(world: tuple[Tenant, Ids], stranger: Tenant) -> tuple[Tenant, Ids, Tenant]:
    """With a stranger who has asked for nothing yet: its own request log is empty."""
    return *world, stranger


def test_every_path_parameter_has_a_maker_in_the_world() -> None:
    known = set(re.findall(r'"(\w+_id)":', (Path(__file__).parent / "world.py").read_text(encoding="utf-8")))
    assert {name for route in GUARDED for name in route.ids()} - known == set()


async def test_no_route_serves_without_a_key(server: Server) -> None:
    async with client(server, None) as nobody:
        for route in GUARDED:
            answer = await call(nobody, route, route.at(dict.fromkeys(route.ids(), "x")))
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), route


async def test_h06_no_route_serves_without_its_scope(pair: tuple[Tenant, Ids, Tenant]) -> None:
    owner, ids, _ = pair
    for scope in sorted({route.scope for route in GUARDED} - {"any"}):
        others = sorted(SCOPES - {scope, "*"})
        key = (await owner.http.post("/api-keys", json={"name": f"all but {scope}", "scopes": others})).json()["key"]
        async with client(owner.server, key) as http:
            for route in (one for one in GUARDED if one.scope == scope):
                answer = await call(http, route, route.at(ids))
                assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope"), route
                assert scope in answer.json()["detail"], route


async def _walk_as(stranger: Tenant, ids: Ids) -> None:
    """Every route that names a thing answers a stranger as if the thing had never been."""
    for route in NAMING:
        unknown = {name: f"{value.partition('_')[0]}_00000000000000000000000000" for name, value in ids.items()}
        foreign = await call(stranger.http, route, route.at(ids))
        random = await call(stranger.http, route, route.at(unknown))
        assert foreign.status_code == 404, (route, foreign.text)
        assert _without_request_id(foreign) == _without_request_id(random), route


def _without_request_id(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


async def _lists_are_empty_for(stranger: Tenant, ids: Ids) -> None:
    values = set(ids.values())
    for route in GUARDED:
        if route.method == "GET" and not route.ids() and not route.path.endswith("/stream"):
            answer = await call(stranger.http, route, route.at({}))
            assert answer.status_code == 200, (route, answer.text)
            assert not [one for one in values if one in answer.text], route


async def test_h07_a_stranger_finds_nothing(pair: tuple[Tenant, Ids, Tenant]) -> None:
    owner, ids, stranger = pair
    await _lists_are_empty_for(stranger, ids)
    await _walk_as(stranger, ids)
    await _everything_still_stands(owner, ids)


async def test_another_environment_finds_nothing(pair: tuple[Tenant, Ids, Tenant]) -> None:
    """The sandbox key of the same organization sees nothing of the live environment but what is the organization's."""
    owner, ids, _ = pair
    for route in NAMING:
        if route.ids() == ["key_id"]:
            continue  # keys belong to the organization
        answer = await call(owner.sandbox, route, route.at(ids))
        assert answer.status_code == 404, (route, answer.text)
    await _everything_still_stands(owner, ids)


async def test_the_query_layer_holds_alone(
    pair: tuple[Tenant, Ids, Tenant], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row-level security off: the same pools as a superuser, who is above every policy."""
    owner, ids, stranger = pair
    database = owner.server.database
    settings = {"search_path": "agentpost"}
    reset = getattr(database, "_api")._reset  # noqa: B009 the pool's own settings
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, server_settings=settings, reset=reset)
    try:
        monkeypatch.setattr(database, "_api", pool)
        await _lists_are_empty_for(stranger, ids)
        await _walk_as(stranger, ids)
    finally:
        monkeypatch.undo()
        await pool.close()
    await _everything_still_stands(owner, ids)


async def test_row_level_security_holds_alone(
    pair: tuple[Tenant, Ids, Tenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The query layer off: every `organization_id = $1` of every statement is made to let all tenants through."""
    owner, ids, stranger = pair
    for name in ("rows", "row", "value", "run"):
        monkeypatch.setattr(Tx, name, _without_tenant(getattr(Tx, name)))
    await _lists_are_empty_for(stranger, ids)
    await _walk_as(stranger, ids)
    monkeypatch.undo()
    await _everything_still_stands(owner, ids)


def _without_tenant(method: Any) -> Any:
    async def opened(self: Tx, sql: str, *arguments: object) -> Any:
        return await method(self, re.sub(r"(\w+\.)?organization_id = \$1\b", "($1::uuid IS NOT NULL)", sql), *arguments)

    return opened


async def _everything_still_stands(owner: Tenant, ids: Ids) -> None:
    for path in (f"/inboxes/{ids['inbox_id']}", f"/messages/{ids['message_id']}", f"/webhooks/{ids['webhook_id']}"):
        assert (await owner.http.get(path)).status_code == 200, path
