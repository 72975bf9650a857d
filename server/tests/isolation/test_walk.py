"""Every route, walked: without a key, without its scope, and by a stranger; and the strangers' walk again with each
layer of isolation switched off in turn, so that neither hides a hole of the other."""

import re
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx2 as httpx
import pytest
import pytest_asyncio

from agentpost_server.accounts.scopes import SCOPES
from agentpost_server.app import openapi_document
from agentpost_server.db import Tx
from harness import Server, Tenant, client, new_tenant
from isolation.world import Ids, make_world


class Route(NamedTuple):
    method: str
    path: str
    scope: str
    body: Any
    query: dict[str, str]

    def at(self, ids: Ids) -> str:
        return self.path.removeprefix("/api/v1").format(**ids)

    def ids(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


def _routes() -> Iterator[Route]:
    for path, methods in openapi_document()["paths"].items():
        for method, one in methods.items():
            body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            needed = [p for p in one["parameters"] if p.get("in") == "query" and p.get("required")]
            yield Route(method.upper(), path, one["x-agentpost-scope"], body, {p["name"]: "walk" for p in needed})


ROUTES = list(_routes())
GUARDED = [route for route in ROUTES if route.scope != "public"]
NAMING = [route for route in GUARDED if route.ids()]
# A body that the shape allows, where the example names things that no tenant has.
BODIES: dict[str, Any] = {
    "/api/v1/inboxes/{inbox_id}/messages": {"to": ["a@example.com"], "subject": "s", "text_body": "t"},
    "/api/v1/inboxes/{inbox_id}/messages/preflight": {"to": ["a@example.com"], "subject": "s"},
    "/api/v1/inboxes/{inbox_id}/messages/claim": {"limit": 1},
    "/api/v1/leases/{lease_id}/ack": {"labels": ["walked"]},
    "/api/v1/leases/{lease_id}/extend": {"lease_seconds": 3600},
    "/api/v1/inboxes/{inbox_id}/waits": {"from": "a@example.com", "subject": "s"},
    "/api/v1/messages/{message_id}/reply": {"text_body": "t"},
    "/api/v1/messages/{message_id}/reply-all": {"text_body": "t"},
    "/api/v1/messages/{message_id}/forward": {"to": ["a@example.com"]},
    "/api/v1/messages/{message_id}/reschedule": {"send_at": "2027-01-01T00:00:00Z"},
    "/api/v1/messages/{message_id}/approve": {"revision": 1},
    "/api/v1/messages/{message_id}/labels": {"labels": ["walked"]},
    "/api/v1/threads/{thread_id}/labels": {"labels": ["walked"]},
    "/api/v1/webhooks/{webhook_id}": {"description": "walked"},
    "/api/v1/webhooks/{webhook_id}/test": {"event_type": "message.received"},
    "/api/v1/webhooks/{webhook_id}/replay": {"since": "2026-01-01T00:00:00Z"},
    "/api/v1/environments/{environment_id}": {"name": "walked"},
    "/api/v1/inboxes/{inbox_id}/drafts": {"subject": "walked"},
    "/api/v1/drafts/{draft_id}": {"subject": "walked"},
    "/api/v1/drafts/{draft_id}/send": {},
}


async def _call(http: httpx.AsyncClient, route: Route, path: str) -> httpx.Response:
    body = BODIES.get(route.path, route.body) if route.body is not None else None
    stream = route.path.endswith("/stream")
    return await http.request(route.method, path, json=body, params=route.query, timeout=0.5 if stream else 30)


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
            answer = await _call(nobody, route, route.at(dict.fromkeys(route.ids(), "x")))
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), route


async def test_h06_no_route_serves_without_its_scope(pair: tuple[Tenant, Ids, Tenant]) -> None:
    owner, ids, _ = pair
    for scope in sorted({route.scope for route in GUARDED} - {"any"}):
        others = sorted(SCOPES - {scope, "*"})
        key = (await owner.http.post("/api-keys", json={"name": f"all but {scope}", "scopes": others})).json()["key"]
        async with client(owner.server, key) as http:
            for route in (one for one in GUARDED if one.scope == scope):
                answer = await _call(http, route, route.at(ids))
                assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope"), route
                assert scope in answer.json()["detail"], route


async def _walk_as(stranger: Tenant, ids: Ids) -> None:
    """Every route that names a thing answers a stranger as if the thing had never been."""
    for route in NAMING:
        unknown = {name: f"{value.partition('_')[0]}_00000000000000000000000000" for name, value in ids.items()}
        foreign = await _call(stranger.http, route, route.at(ids))
        random = await _call(stranger.http, route, route.at(unknown))
        assert foreign.status_code == 404, (route, foreign.text)
        assert _without_request_id(foreign) == _without_request_id(random), route


def _without_request_id(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


async def _lists_are_empty_for(stranger: Tenant, ids: Ids) -> None:
    values = set(ids.values())
    for route in GUARDED:
        if route.method == "GET" and not route.ids() and not route.path.endswith("/stream"):
            answer = await _call(stranger.http, route, route.at({}))
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
        answer = await _call(owner.sandbox, route, route.at(ids))
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
