"""No key makes or rotates one that may do more than itself, in any direction that a key can be limited."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest

from agentpost_server.accounts.scopes import SCOPES, allows, contains
from harness import Tenant, client

_SOON = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
_LATER = (datetime.now(UTC) + timedelta(hours=2)).isoformat()


async def _key(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await http.post("/api-keys", json={"name": "k", "scopes": ["api_keys:write", "api_keys:read"], **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _environment(http: httpx.AsyncClient, slug: str) -> str:
    return (await http.post("/environments", json={"name": slug, "slug": slug})).json()["id"]


async def _refusal(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> tuple[int, str]:
    answer = await http.post(path, json=body)
    return answer.status_code, answer.json()["code"]


async def test_a_key_gives_no_scope_kind_or_life_that_it_does_not_have(tenant: Tenant) -> None:
    made = await _key(tenant.http, expires_at=_SOON)
    async with client(tenant.server, made["key"]) as narrow:
        for extra in ({"scopes": ["*"]}, {"scopes": ["messages:read"]}, {"kind": "test"}, {"expires_at": _LATER}, {}):
            body = {"name": "more", "scopes": ["api_keys:read"], "expires_at": _SOON, **extra}
            if not extra:
                del body["expires_at"]
            assert await _refusal(narrow, "/api-keys", body) == (403, "forbidden"), extra
        assert (await _key(narrow, scopes=["api_keys:read"], expires_at=_SOON))["scopes"] == ["api_keys:read"]


async def test_a_key_of_one_environment_gives_that_one_only(tenant: Tenant) -> None:
    mine, other = [await _environment(tenant.http, slug) for slug in ("mine", "other")]
    made = await _key(tenant.http, environment_ids=[mine])
    async with client(tenant.server, made["key"]) as narrow:
        assert (await _key(narrow))["environment_ids"] == [mine]
        body = {"name": "more", "scopes": ["api_keys:read"], "environment_ids": [other]}
        assert await _refusal(narrow, "/api-keys", body) == (422, "validation_failed")
        # With its environment gone, an empty list must not come to mean all.
        assert (await tenant.http.delete(f"/environments/{mine}")).status_code == 204
        body = {"name": "more", "scopes": ["api_keys:read"]}
        assert await _refusal(narrow, "/api-keys", body) == (403, "forbidden")


@pytest.mark.parametrize("wrong", ["env_00000000000000000000000000", "nonsense", ""])
async def test_what_is_named_must_be_there(tenant: Tenant, wrong: str) -> None:
    for field in ("environment_ids", "inbox_ids"):
        body = {"name": "k", "scopes": ["inboxes:read"], field: [wrong]}
        answer = await tenant.http.post("/api-keys", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_an_inbox_of_another_environment_is_not_there(tenant: Tenant, stranger: Tenant) -> None:
    for http in (tenant.sandbox, stranger.http):
        inbox = (await http.post("/inboxes", json={})).json()["id"]
        body = {"name": "k", "scopes": ["inboxes:read"], "inbox_ids": [inbox]}
        assert await _refusal(tenant.http, "/api-keys", body) == (422, "validation_failed")


async def test_rotating_shows_no_secret_that_opens_more(tenant: Tenant) -> None:
    """The secret of a wider key would be the wider key."""
    mine = await _environment(tenant.http, "mine")
    wide, of_test = await _key(tenant.http), (await tenant.sandbox.get("/auth/me")).json()["key"]
    assert of_test["kind"] == "test"
    narrow_keys = [
        await _key(tenant.http, environment_ids=[mine]),
        await _key(tenant.http, expires_at=_SOON),
        await _key(tenant.http, scopes=["api_keys:write"]),
    ]
    for narrow_key in narrow_keys:
        async with client(tenant.server, narrow_key["key"]) as narrow:
            assert await _refusal(narrow, f"/api-keys/{wide['id']}/rotate", {}) == (403, "forbidden")
            own = await narrow.post(f"/api-keys/{narrow_key['id']}/rotate", json={"overlap_seconds": 60})
            assert own.status_code == 201, own.text
    live = (await tenant.http.get("/auth/me")).json()["key"]["id"]
    assert await _refusal(tenant.sandbox, f"/api-keys/{live}/rotate", {}) == (403, "forbidden")
    assert await _refusal(tenant.http, f"/api-keys/{of_test['id']}/rotate", {}) == (403, "forbidden")


async def test_a_key_for_one_inbox_changes_no_setting(tenant: Tenant) -> None:
    """Its own inbox's neither: it would lift the pause that somebody set on it."""
    made = (await tenant.http.post("/inboxes", json={})).json()
    inbox, environment = made["id"], made["environment_id"]
    key = await _key(tenant.http, scopes=["*"], inbox_ids=[inbox])
    refused = [
        *((method, path) for path in ("/webhooks", "/api-keys", "/suppressions") for method in ("GET", "POST")),
        ("PATCH", f"/inboxes/{inbox}"),
        ("DELETE", f"/inboxes/{inbox}"),
        ("POST", f"/inboxes/{inbox}/pause"),
        ("POST", f"/inboxes/{inbox}/resume"),
        ("PATCH", f"/environments/{environment}"),
        ("DELETE", f"/environments/{environment}"),
        ("POST", "/environments"),
        ("POST", "/sandbox/clock"),
    ]
    async with client(tenant.server, key["key"]) as narrow:
        for method, path in refused:
            answer = await narrow.request(method, path, json={} if method in ("POST", "PATCH") else None)
            assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope"), (method, path)
        for path in (f"/inboxes/{inbox}", f"/environments/{environment}"):
            assert (await narrow.get(path)).status_code == 200


def test_sending_and_approving_are_contained_in_no_other_scope() -> None:
    for wanted in ("messages:send", "drafts:approve"):
        assert not allows(SCOPES - {wanted, "*"}, wanted)
        assert allows(frozenset({"*"}), wanted)


def test_a_key_contains_what_it_has_and_the_star_everything() -> None:
    assert contains(frozenset({"*"}), SCOPES)
    assert not contains(SCOPES - {"*"}, frozenset({"*"}))
    assert contains(frozenset({"inboxes:read"}), frozenset())
    for noun in ("policies", "filter_rules", "api_keys", "webhooks"):
        assert not allows(frozenset({"*"}), f"{noun}:read", inbox_limited=True)
