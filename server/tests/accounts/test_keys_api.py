"""API keys through the REST door."""

import asyncio

from agentpost_server.accounts import keys
from harness import Tenant, client


async def test_a_key_is_shown_once_and_its_replay_holds_null(tenant: Tenant) -> None:
    body = {"name": "triage", "scopes": ["inboxes:read"]}
    first = await tenant.http.post("/api-keys", json=body, headers={"Idempotency-Key": "once"})
    again = await tenant.http.post("/api-keys", json=body, headers={"Idempotency-Key": "once"})
    assert first.status_code == again.status_code == 201
    assert first.json()["key"].startswith("ap_sk_live_")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == {**first.json(), "key": None}


async def test_h33_100_parallel_identical_posts_make_one_key(tenant: Tenant) -> None:
    body = {"name": "parallel", "scopes": ["inboxes:read"]}
    answers = await asyncio.gather(
        *(tenant.http.post("/api-keys", json=body, headers={"Idempotency-Key": "p"}) for _ in range(100))
    )
    assert {one.status_code for one in answers} <= {201, 409}
    assert all(one.headers["Retry-After"] for one in answers if one.status_code == 409)
    listed = (await tenant.http.get("/api-keys")).json()["data"]
    assert sum(one["name"] == "parallel" for one in listed) == 1


async def test_h02_a_wrong_checksum_is_refused_without_a_query(tenant: Tenant, monkeypatch: object) -> None:
    broken = tenant.organization.live_key[:-1] + ("0" if tenant.organization.live_key[-1] != "0" else "1")
    assert keys.read(broken) is None
    async with client(tenant.server, broken) as http:
        answer = await http.get("/auth/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")


async def test_h03_a_revoked_key_ends_within_a_second(tenant: Tenant) -> None:
    made = (await tenant.http.post("/api-keys", json={"name": "x", "scopes": ["inboxes:read"]})).json()
    async with client(tenant.server, made["key"]) as http:
        assert (await http.get("/auth/me")).status_code == 200
        assert (await tenant.http.delete(f"/api-keys/{made['id']}")).status_code == 204
        await asyncio.sleep(1.05)
        answer = await http.get("/auth/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "key_revoked")


async def test_h07_another_tenants_key_looks_like_no_key(tenant: Tenant, stranger: Tenant) -> None:
    theirs = (await stranger.http.get("/api-keys")).json()["data"][0]["id"]
    foreign = (await tenant.http.get(f"/api-keys/{theirs}")).json()
    unknown = (await tenant.http.get("/api-keys/key_00000000000000000000000000")).json()
    assert foreign.pop("request_id") != unknown.pop("request_id")
    assert foreign == unknown
