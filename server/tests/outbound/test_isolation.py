"""Every route of mail out: what belongs to others looks exactly like what never was (H-07, H-08)."""

from datetime import UTC, datetime, timedelta

import httpx2 as httpx
import pytest

from harness import Tenant, client
from outbound.sending import Json, inbox, send

_SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()
_ROUTES = [
    ("POST", "/inboxes/{inb}/messages", {"to": ["a@b.example"]}),
    ("POST", "/messages/{msg}/reply", {"text_body": "x"}),
    ("POST", "/messages/{msg}/reply-all", {"text_body": "x"}),
    ("POST", "/messages/{msg}/forward", {"to": ["a@b.example"]}),
    ("POST", "/messages/{msg}/cancel", {}),
    ("POST", "/messages/{msg}/reschedule", {"send_at": _SOON}),
    ("GET", "/messages/{msg}/events", None),
]
_SUPPRESSIONS = [("GET", "/suppressions/{sup}", None), ("DELETE", "/suppressions/{sup}", None)]


async def _owned(tenant: Tenant) -> dict[str, str]:
    agent = await inbox(tenant.http)
    made = await send(tenant.http, agent["id"], to=["a@outside.example"], send_at=_SOON)
    listed = (await tenant.http.post("/suppressions", json={"email": "s@outside.example"})).json()
    return {"inb": agent["id"], "msg": made["id"], "sup": listed["id"]}


async def _ask(http: httpx.AsyncClient, method: str, path: str, body: Json | None, names: dict[str, str]) -> Json:
    answer = await http.request(method, path.format(**names), json=body)
    problem = answer.json()
    assert answer.status_code == 404, (method, path, problem)
    problem.pop("request_id")
    return problem


_NEVER = {kind: f"{kind}_00000000000000000000000000" for kind in ("inb", "msg", "sup")}


@pytest.mark.parametrize(("method", "path", "body"), [*_ROUTES, *_SUPPRESSIONS])
async def test_h07_a_stranger_and_another_environment_find_nothing(
    tenant: Tenant, stranger: Tenant, method: str, path: str, body: Json | None
) -> None:
    names = await _owned(tenant)
    never = await _ask(stranger.http, method, path, body, _NEVER)
    assert await _ask(stranger.http, method, path, body, names) == never
    assert await _ask(tenant.sandbox, method, path, body, names) == never


@pytest.mark.parametrize(("method", "path", "body"), _ROUTES)
async def test_h08_a_key_of_one_inbox_finds_nothing_of_another(
    tenant: Tenant, method: str, path: str, body: Json | None
) -> None:
    names, other = await _owned(tenant), await inbox(tenant.http, "other")
    made = await tenant.http.post(
        "/api-keys",
        json={"name": "k", "scopes": ["messages:send", "messages:read"], "inbox_ids": [other["id"]]},
    )
    async with client(tenant.server, made.json()["key"]) as http:
        assert await _ask(http, method, path, body, names) == await _ask(http, method, path, body, _NEVER)


async def test_h06_sending_needs_its_own_scope(tenant: Tenant) -> None:
    names = await _owned(tenant)
    made = await tenant.http.post("/api-keys", json={"name": "k", "scopes": ["messages:write", "messages:read"]})
    async with client(tenant.server, made.json()["key"]) as http:
        answer = await http.post(f"/inboxes/{names['inb']}/messages", json={"to": ["a@b.example"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
    assert "messages:send" in answer.json()["detail"]


async def test_lists_show_nothing_of_a_stranger(tenant: Tenant, stranger: Tenant) -> None:
    await _owned(tenant)
    assert (await stranger.http.get("/suppressions")).json()["data"] == []
    assert (await tenant.sandbox.get("/suppressions")).json()["data"] == []
