"""From its making to its end: a key's text, expiry, rotation, revocation on every process, and when it was last
used."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.accounts import keys
from agentpost_server.core import ids
from agentpost_server.db import Database
from harness import Server, Tenant, client, running_server


async def _key(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await http.post("/api-keys", json={"name": "k", "scopes": ["inboxes:read"], **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _me(server: Server, key: str) -> tuple[int, str | None]:
    async with client(server, key) as http:
        answer = await http.get("/auth/me")
    return answer.status_code, answer.json().get("code")


@given(st.sampled_from(["live", "dev", "test"]), st.uuids(), st.integers(0, 80), st.characters())
def test_one_changed_character_makes_it_no_key(kind: str, organization_id: Any, at: int, other: str) -> None:
    text = keys.make(kind, organization_id)
    read = keys.read(text)
    assert read is not None
    assert (read.kind, read.organization_id) == (kind, organization_id)
    at %= len(text)
    assert text[at] == other or keys.read(text[:at] + other + text[at + 1 :]) is None


async def test_h02_neither_noise_nor_a_wrong_checksum_costs_a_query(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_transaction(*_: object) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(Database, "transaction", no_transaction)
    good = tenant.organization.live_key
    broken = good[:-1] + ("0" if good[-1] != "0" else "1")
    for text in (broken, "noise", good[:-1], good + "x", "ap_sk_live_", "é" * 80):
        header = [(b"Authorization", f"Bearer {text}".encode())]
        async with client(tenant.server, None) as http:
            answer = await http.get("/auth/me", headers=header)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key"), text
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_key_that_was_never_made_here_is_no_key(tenant: Tenant) -> None:
    for organization_id in (tenant.organization.organization_id, ids.new_id()):
        assert await _me(tenant.server, keys.make("live", organization_id)) == (401, "invalid_key")


async def test_h03_an_expired_key_is_told_so_and_cannot_be_rotated(tenant: Tenant) -> None:
    made = await _key(tenant.http, expires_at=(datetime.now(UTC) + timedelta(milliseconds=800)).isoformat())
    assert (await _me(tenant.server, made["key"]))[0] == 200
    await asyncio.sleep(0.9)
    assert await _me(tenant.server, made["key"]) == (401, "key_expired")
    assert (await tenant.http.get(f"/api-keys/{made['id']}")).json()["status"] == "expired"
    assert (await tenant.http.post(f"/api-keys/{made['id']}/rotate", json={})).status_code == 409
    past = {"name": "k", "scopes": ["inboxes:read"], "expires_at": "2020-01-01T00:00:00Z"}
    assert (await tenant.http.post("/api-keys", json=past)).status_code == 422


async def test_a_rotated_key_ends_after_its_overlap(tenant: Tenant) -> None:
    old = await _key(tenant.http)
    rotated = await tenant.http.post(f"/api-keys/{old['id']}/rotate", json={"overlap_seconds": 2})
    new = rotated.json()
    assert (rotated.status_code, new["scopes"], new["name"]) == (201, old["scopes"], old["name"])
    assert new["id"] != old["id"]
    assert (await _me(tenant.server, old["key"]))[0] == (await _me(tenant.server, new["key"]))[0] == 200
    await asyncio.sleep(2.1)
    assert await _me(tenant.server, old["key"]) == (401, "key_revoked")
    assert (await _me(tenant.server, new["key"]))[0] == 200
    listed = {one["id"]: one for one in (await tenant.http.get("/api-keys")).json()["data"]}
    assert (listed[old["id"]]["status"], listed[new["id"]]["status"]) == ("revoked", "active")
    assert "key" not in listed[new["id"]]


async def test_h03_a_key_ends_within_a_second_on_every_process(tenant: Tenant, database_url: str) -> None:
    made = await _key(tenant.http)
    async with (
        running_server(database_url, roles=("api",)) as second,
        client(second, made["key"]) as there,
    ):
        assert (await there.get("/auth/me")).status_code == 200
        assert (await tenant.http.delete(f"/api-keys/{made['id']}")).status_code == 204
        began = time.monotonic()
        while (await there.get("/auth/me")).status_code == 200:
            assert time.monotonic() - began < 1.05
            await asyncio.sleep(0.02)
        assert (await there.get("/auth/me")).json()["code"] == "key_revoked"


async def test_last_used_at_is_written_at_most_once_a_minute(tenant: Tenant) -> None:
    made = await _key(tenant.http)
    assert made["last_used_at"] is None

    async def row(sets: str = "name = name") -> Any:
        async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
            return await tx.row(
                f"UPDATE api_keys SET {sets} WHERE organization_id = $1 AND id = $2 RETURNING last_used_at, xmin::text",
                tenant.organization.organization_id,
                ids.decode("key", made["id"]),
            )

    authenticator = tenant.server.process.authenticator
    for _ in range(3):
        assert (await _me(tenant.server, made["key"]))[0] == 200
        await authenticator.flush_used()
        await asyncio.sleep(0.02)
    first = (await row())["last_used_at"]
    await _me(tenant.server, made["key"])
    await authenticator.flush_used()
    assert (await row())["last_used_at"] == first
    aged = (await row("last_used_at = last_used_at - interval '61 seconds'"))["last_used_at"]
    await _me(tenant.server, made["key"])
    await authenticator.flush_used()
    assert (await row())["last_used_at"] > aged
