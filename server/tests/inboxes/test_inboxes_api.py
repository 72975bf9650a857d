"""Inboxes through the REST door."""

import asyncio
import re

import pytest

from harness import Tenant, client


async def test_an_inbox_without_a_name_gets_a_readable_one(tenant: Tenant) -> None:
    made = (await tenant.http.post("/inboxes", json={})).json()
    assert re.fullmatch(r"[a-z]+-[a-z]+-[a-z0-9]{6}@agentpost\.test", made["email"])
    assert (await tenant.http.get(f"/inboxes/{made['id']}")).json() == made
    assert (await tenant.http.get(f"/inboxes/{made['id'].lower()}")).json() == made


async def test_a_chosen_name_gets_a_suffix_on_the_shared_domain(tenant: Tenant) -> None:
    made = (await tenant.http.post("/inboxes", json={"username": "Support"})).json()
    assert made["username"] == "support"
    assert re.fullmatch(r"support-[a-z0-9]{6}@agentpost\.test", made["email"])


@pytest.mark.parametrize(
    "name", ["a b", "a@b", "a+b", ".a", "a.", "a..b", "ü", "a%b", "a!b", "bounces", "x" * 65, "a\r\nb", "a\x00b"]
)
async def test_h28_names_that_no_address_may_have(tenant: Tenant, name: str) -> None:
    answer = await tenant.http.post("/inboxes", json={"username": name})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "username"


async def test_an_unverified_domain_is_refused(tenant: Tenant) -> None:
    answer = await tenant.http.post("/inboxes", json={"username": "a", "domain": "example.com"})
    assert (answer.status_code, answer.json()["code"]) == (403, "domain_not_verified")


async def test_client_id_makes_one_inbox_however_often_it_is_sent(tenant: Tenant) -> None:
    answers = await asyncio.gather(*(tenant.http.post("/inboxes", json={"client_id": "x"}) for _ in range(10)))
    assert sorted(one.status_code for one in answers) == [200] * 9 + [201]
    assert len({one.json()["id"] for one in answers}) == 1


async def test_metadata_is_bounded_and_patch_keeps_what_is_absent(tenant: Tenant) -> None:
    made = (
        await tenant.http.post(
            "/inboxes", json={"display_name": "Ann", "metadata": {"team": "blue", "n": 3, "ok": True}}
        )
    ).json()
    path = f"/inboxes/{made['id']}"
    kept = (await tenant.http.patch(path, json={"display_name": None})).json()
    assert (kept["display_name"], kept["metadata"]) == (None, {"team": "blue", "n": 3, "ok": True})
    assert (await tenant.http.patch(path, json={"metadata": None})).json()["metadata"] == {}
    for bad in ({"a": None}, {"a": []}, {"k" * 65: 1}, {"": 1}, {"a": "\x00"}, {str(n): n for n in range(65)}):
        assert (await tenant.http.patch(path, json={"metadata": bad})).status_code == 422


async def test_pages_hold_every_inbox_once_in_both_directions(tenant: Tenant) -> None:
    made = [(await tenant.http.post("/inboxes", json={})).json()["id"] for _ in range(7)]
    for ascending in ("true", "false"):
        seen: list[str] = []
        token = None
        while True:
            query = {"limit": "3", "ascending": ascending, **({"page_token": token} if token else {})}
            page = (await tenant.http.get("/inboxes", params=query)).json()
            seen += [one["id"] for one in page["data"]]
            token = page["next_page_token"]
            if token is None:
                break
        assert seen == (made if ascending == "true" else made[::-1])


async def test_a_page_token_of_another_list_or_tenant_is_refused(tenant: Tenant, stranger: Tenant) -> None:
    for _ in range(2):
        await tenant.http.post("/inboxes", json={})
    token = (await tenant.http.get("/inboxes", params={"limit": 1})).json()["next_page_token"]
    for http, path in ((tenant.http, "/api-keys"), (stranger.http, "/inboxes"), (tenant.sandbox, "/inboxes")):
        answer = await http.get(path, params={"page_token": token})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_page_token")


async def test_search_finds_words_by_their_beginning_once_each(tenant: Tenant) -> None:
    made = (await tenant.http.post("/inboxes", json={"username": "billing", "display_name": "Billing Bill"})).json()
    await tenant.http.post("/inboxes", json={"username": "other"})
    for q in ("bil", "BILL", made["email"], made["email"][:12]):
        found = (await tenant.http.get("/inboxes", params={"q": q})).json()
        assert [one["id"] for one in found["data"]] == [made["id"]]
    assert (await tenant.http.get("/inboxes", params={"q": "zzz"})).json()["data"] == []


async def test_pause_and_resume_tell_and_repeat_quietly(tenant: Tenant) -> None:
    made = (await tenant.http.post("/inboxes", json={})).json()
    for _ in range(2):
        paused = (await tenant.http.post(f"/inboxes/{made['id']}/pause")).json()
        assert (paused["send_paused"], paused["pause_reason"]) == (True, "manual")
    resumed = (await tenant.http.post(f"/inboxes/{made['id']}/resume")).json()
    assert (resumed["send_paused"], resumed["pause_reason"], resumed["paused_at"]) == (False, None, None)


async def test_a_deleted_inbox_is_gone_and_its_address_stays_taken(tenant: Tenant) -> None:
    made = (await tenant.http.post("/inboxes", json={"client_id": "again"})).json()
    assert (await tenant.http.delete(f"/inboxes/{made['id']}")).status_code == 204
    assert (await tenant.http.get(f"/inboxes/{made['id']}")).status_code == 404
    assert (await tenant.http.delete(f"/inboxes/{made['id']}")).status_code == 404
    assert (await tenant.http.post("/inboxes", json={"client_id": "again"})).json()["id"] != made["id"]


async def test_h07_h08_an_inbox_is_seen_only_by_its_tenant_environment_and_key(
    tenant: Tenant, stranger: Tenant
) -> None:
    mine = (await tenant.http.post("/inboxes", json={})).json()
    other = (await tenant.http.post("/inboxes", json={})).json()
    limited = (
        await tenant.http.post(
            "/api-keys", json={"name": "one", "scopes": ["inboxes:read", "inboxes:write"], "inbox_ids": [other["id"]]}
        )
    ).json()
    async with client(tenant.server, limited["key"]) as narrow:
        assert [one["id"] for one in (await narrow.get("/inboxes")).json()["data"]] == [other["id"]]
        assert (await narrow.post("/inboxes", json={})).status_code == 403
        for http in (stranger.http, tenant.sandbox, narrow):
            for method, path in (("GET", ""), ("DELETE", ""), ("PATCH", ""), ("POST", "/pause"), ("POST", "/resume")):
                answer = await http.request(
                    method, f"/inboxes/{mine['id']}{path}", json={} if method == "PATCH" else None
                )
                # A key for an inbox has no hand in any, its own included.
                assert answer.status_code == (403 if http is narrow and method != "GET" else 404)
