"""H-49, H-71: whatever stands in whatever field, no route answers 5xx, and what is stored comes back verbatim."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from agentpost_server.app import openapi_document
from fuzz.naughty import NAUGHTY, WRONG_TYPES
from harness import Tenant
from isolation.routes import BODIES, GUARDED, Route
from isolation.world import make_world

# These would end the world that the others need.
_ENDING = {("DELETE", "/api/v1/inboxes/{inbox_id}"), ("POST", "/api/v1/api-keys/{key_id}/rotate")}
_WITH_BODY = [one for one in GUARDED if one.body is not None and (one.method, one.path) not in _ENDING]


def _mutations(body: Any) -> Iterator[Any]:
    """The body with one field at a time replaced, at every depth; then whole other bodies."""
    for path in _paths(body):
        for value in (*NAUGHTY, *WRONG_TYPES):
            changed = copy.deepcopy(body)
            _set(changed, path, value)
            yield changed
    yield from WRONG_TYPES


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


def _set(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


@pytest.mark.parametrize("route", _WITH_BODY, ids=lambda route: f"{route.method} {route.path}")
async def test_h71_no_field_of_any_body_makes_a_5xx(tenant: Tenant, route: Route) -> None:
    ids = await make_world(tenant)
    body = BODIES.get(route.path, route.body)
    failures: list[tuple[int, Any]] = []
    for changed in _mutations(body):
        answer = await tenant.http.request(route.method, route.at(ids), json=changed)
        if answer.status_code >= 500:
            failures.append((answer.status_code, changed))
    assert failures == []


async def test_h49_a_display_name_comes_back_verbatim_or_is_refused(tenant: Tenant) -> None:
    inbox = (await tenant.http.post("/inboxes", json={})).json()
    for text in NAUGHTY:
        answer = await tenant.http.patch(f"/inboxes/{inbox['id']}", json={"display_name": text})
        assert answer.status_code in (200, 422), (text, answer.text)
        if answer.status_code == 200:
            assert answer.json()["display_name"] == (text or None)


@pytest.mark.parametrize("route", [one for one in GUARDED if one.method == "GET"], ids=lambda route: route.path)
async def test_h48_no_query_parameter_makes_a_5xx(tenant: Tenant, route: Route) -> None:
    if route.path.endswith("/stream"):
        return
    ids = await make_world(tenant)
    described = openapi_document()["paths"][route.path]["get"]["parameters"]
    for name in [one["name"] for one in described if one.get("in") == "query"]:
        for text in NAUGHTY:
            answer = await tenant.http.get(route.at(ids), params={**route.query, name: text})
            assert answer.status_code < 500, (name, text, answer.text)
