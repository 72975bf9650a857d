"""Environments through the REST door: what they are, which one a request is in, and what nobody may do to them."""

from typing import Any

import httpx2 as httpx
import pytest

from agentpost_server.accounts.organizations import insert_full_key
from agentpost_server.core import ids
from harness import Tenant, client


async def _made(http: httpx.AsyncClient, slug: str, **fields: Any) -> dict[str, Any]:
    answer = await http.post("/environments", json={"name": slug.title(), "slug": slug, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_environment_is_there_as_soon_as_it_is_made(tenant: Tenant) -> None:
    """Though what is known of a key is believed for a second."""
    made = await _made(tenant.http, "staging")
    assert (await tenant.http.get(f"/environments/{made['id']}")).json() == made
    assert [one["slug"] for one in (await tenant.http.get("/environments")).json()["data"]] == ["staging", "default"]
    for named in (made["id"], made["id"].lower(), "staging"):
        inbox = await tenant.http.post("/inboxes", json={}, headers={"AgentPost-Environment": named})
        assert (inbox.status_code, inbox.json()["environment_id"]) == (201, made["id"])
    key = await tenant.http.post(
        "/api-keys", json={"name": "k", "scopes": ["inboxes:read"], "environment_ids": [made["id"]]}
    )
    assert key.status_code == 201


async def test_a_patch_keeps_what_is_absent_and_null_clears(tenant: Tenant) -> None:
    made = await _made(tenant.http, "staging", allowed_recipients=["@example.com", "me@x.org"], retention_days=9)
    path = f"/environments/{made['id']}"
    named = (await tenant.http.patch(path, json={"name": "New", "send_paused": True})).json()
    assert named == {**made, "name": "New", "send_paused": True}
    cleared = (await tenant.http.patch(path, json={"retention_days": None, "allowed_recipients": None})).json()
    assert (cleared["retention_days"], cleared["allowed_recipients"]) == (None, [])
    assert (await tenant.http.patch(path, json={})).json() == cleared


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "UPPER"},
        {"slug": "-a"},
        {"slug": "a" * 65},
        {"slug": ""},
        {"name": ""},
        {"kind": "prod"},
        {"transport": "pigeon"},
        {"retention_days": 0},
        {"allowed_recipients": ["nobody"]},
        {"allowed_recipients": ["a b@c"]},
        {"is_default": True},
    ],
)
async def test_what_no_environment_can_be_is_422(tenant: Tenant, wrong: dict[str, Any]) -> None:
    answer = await tenant.http.post("/environments", json={"name": "A", "slug": "a", **wrong})
    assert (answer.status_code, answer.json()["errors"][0]["field"].partition("[")[0]) == (422, next(iter(wrong)))


async def test_a_slug_is_the_organizations_once(tenant: Tenant, stranger: Tenant) -> None:
    await _made(tenant.http, "same")
    answer = await tenant.http.post("/environments", json={"name": "B", "slug": "same"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "taken")
    await _made(stranger.http, "same")


async def test_a_key_makes_environments_of_its_own_kind_only(tenant: Tenant) -> None:
    for http, other in ((tenant.http, "test"), (tenant.sandbox, "live")):
        answer = await http.post("/environments", json={"name": "B", "slug": "b", "kind": other})
        assert answer.status_code == 403
    await _made(tenant.sandbox, "second-test", kind="test")


async def test_the_default_stays_and_only_an_empty_one_goes(tenant: Tenant) -> None:
    default = next(one for one in (await tenant.http.get("/environments")).json()["data"] if one["is_default"])
    assert (await tenant.http.delete(f"/environments/{default['id']}")).status_code == 409
    made = await _made(tenant.http, "full")
    await tenant.http.post("/suppressions", json={"email": "a@b.example"}, headers={"AgentPost-Environment": "full"})
    assert (await tenant.http.delete(f"/environments/{made['id']}")).status_code == 409
    empty = await _made(tenant.http, "empty")
    assert (await tenant.http.delete(f"/environments/{empty['id']}")).status_code == 204
    assert (await tenant.http.get(f"/environments/{empty['id']}")).status_code == 404


async def test_what_is_made_in_an_environment_that_has_just_gone_is_not_found(tenant: Tenant) -> None:
    made = await _made(tenant.http, "gone")
    inside = {"AgentPost-Environment": "gone"}
    assert (await tenant.http.get("/inboxes", headers=inside)).status_code == 200
    assert (await tenant.http.delete(f"/environments/{made['id']}")).status_code == 204
    for path, body in (("/inboxes", {}), ("/suppressions", {"email": "a@b.example"})):
        answer = await tenant.http.post(path, json=body, headers=inside)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.text


async def test_which_environment_a_request_is_in(tenant: Tenant) -> None:
    first, second = await _made(tenant.http, "one"), await _made(tenant.http, "two")
    unlimited = (await tenant.http.get("/auth/me")).json()
    assert unlimited["environment_id"] == ids.encode("env", tenant.organization.live_environment_id)
    for limited, implied in (([first["id"]], first["id"]), ([first["id"], second["id"]], None)):
        body = {"name": "k", "scopes": ["*"], "environment_ids": limited}
        key = (await tenant.http.post("/api-keys", json=body)).json()["key"]
        async with client(tenant.server, key) as http:
            assert (await http.get("/auth/me")).json()["environment_id"] == implied
            answer = await http.get("/inboxes")
            if implied is None:
                assert (answer.status_code, answer.json()["code"]) == (400, "environment_required")
                # What is the organization's own needs none, with an Idempotency-Key or without.
                body = {"name": "n", "scopes": ["inboxes:read"]}
                made = await http.post("/api-keys", json=body, headers={"Idempotency-Key": "k"})
                assert made.status_code == 201
            else:
                assert answer.status_code == 200
            for named in ("default", "sandbox", "nonsense"):
                foreign = await http.get("/inboxes", headers={"AgentPost-Environment": named})
                assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")


async def test_a_dev_key_makes_and_sees_dev_environments_only(tenant: Tenant) -> None:
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        key = await insert_full_key(tx, tenant.organization.organization_id, "dev", "dev key")
    assert key.startswith("ap_sk_dev_")
    async with client(tenant.server, key) as http:
        assert (await http.get("/inboxes")).json()["code"] == "environment_required"
        made = await _made(http, "dev", kind="dev", allowed_recipients=["@ok.example"])
        assert [one["id"] for one in (await http.get("/environments")).json()["data"]] == [made["id"]]
        assert (await tenant.http.get(f"/environments/{made['id']}")).status_code == 404


async def test_a_transport_that_the_server_does_not_have_is_422_and_names_those_it_has(tenant: Tenant) -> None:
    environment_id = (await tenant.http.get("/environments")).json()["data"][0]["id"]
    for answer in (
        await tenant.http.post("/environments", json={"name": "A", "slug": "a", "transport": "ses"}),
        await tenant.http.patch(f"/environments/{environment_id}", json={"transport": "ses"}),
    ):
        body = answer.json()
        assert (answer.status_code, body["errors"][0]["code"]) == (422, "not_offered")
        assert body["detail"] == "transport: ses is not set up on this server, which has local"
    assert (await tenant.http.get(f"/environments/{environment_id}")).json()["transport"] == "local"
