"""The REST door: what is refused and why, repeats, deletion, isolation."""

from typing import Any

import dns.zone
import pytest

from agentpost_server.domains import service
from domains.living import Owner, publish, record
from harness import client


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("co.uk", "public suffix"),
        ("github.io", "public suffix"),
        ("com", "public suffix"),
        ("agentpost.test", "this server's own"),
        ("MX.agentpost.test.", "this server's own"),
        ("sandbox.test", "reserved"),
        ("a.localhost", "reserved"),
        ("127.0.0.1", "top-level"),
        ("a_b.example.com", "not a host name"),
        ("exa mple.com", "not a host name"),
        ("a@b.example", "not a host name"),
        (f"{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 20}.example", "200 characters"),
    ],
)
async def test_what_nobody_can_prove_is_refused(owner: Owner, given: str, said: str) -> None:
    answer = await owner.tenant.http.post("/domains", json={"domain": given})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_domain")
    assert said in answer.json()["detail"]


async def test_h29_an_international_name_becomes_a_labels(owner: Owner) -> None:
    made = await owner.add(f"BÜRO.{owner.name()}.")
    assert made["domain"] == f"xn--bro-hoa.{owner.name()}"


async def test_client_id_makes_one_domain_and_an_idempotency_key_replays(owner: Owner) -> None:
    body = {"domain": owner.name(), "client_id": "mine"}
    headers = {"Idempotency-Key": "once"}
    first = await owner.tenant.http.post("/domains", json=body, headers=headers)
    again = await owner.tenant.http.post("/domains", json={"domain": "other.example", "client_id": "mine"})
    replay = await owner.tenant.http.post("/domains", json=body, headers=headers)
    assert [one.status_code for one in (first, again, replay)] == [201, 200, 201]
    assert first.json()["id"] == again.json()["id"] == replay.json()["id"]
    assert first.json()["records"] == replay.json()["records"]
    twice = await owner.tenant.http.post("/domains", json={"domain": owner.name()})
    assert (twice.status_code, twice.json()["code"]) == (409, "conflict")
    # Another environment may have it too; only one of them can hold it.
    assert (await owner.tenant.sandbox.post("/domains", json={"domain": owner.name()})).status_code == 201


async def test_pages_hold_every_domain_once(owner: Owner) -> None:
    made = {(await owner.add(owner.name(f"n{n}")))["id"] for n in range(3)}
    first = (await owner.tenant.http.get("/domains?limit=2")).json()
    second = (await owner.tenant.http.get(f"/domains?limit=2&page_token={first['next_page_token']}")).json()
    assert [len(first["data"]), len(second["data"]), second["next_page_token"]] == [2, 1, None]
    assert {one["id"] for one in (*first["data"], *second["data"])} == made


async def test_patch_changes_what_it_names_and_checks_it(owner: Owner, rival: Owner) -> None:
    made = await owner.add()
    path = f"/domains/{made['id']}"
    theirs = (await rival.tenant.http.post("/inboxes", json={})).json()
    sandbox = (await owner.tenant.sandbox.post("/inboxes", json={})).json()
    for body, field in (
        ({"catch_all_inbox_id": theirs["id"]}, "catch_all_inbox_id"),
        ({"catch_all_inbox_id": sandbox["id"]}, "catch_all_inbox_id"),
        ({"catch_all_inbox_id": "x"}, "catch_all_inbox_id"),
        ({"transport": "smtp"}, "transport"),
        ({"subdomains_enabled": None}, "subdomains_enabled"),
        ({"status": "verified"}, "status"),
    ):
        answer = await owner.tenant.http.patch(path, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), body
    mine = (await owner.tenant.http.post("/inboxes", json={})).json()["id"]
    changed = await owner.tenant.http.patch(path, json={"catch_all_inbox_id": mine, "transport": "local"})
    assert (changed.json()["catch_all_inbox_id"], changed.json()["transport"]) == (mine, "local")
    kept = (await owner.tenant.http.patch(path, json={"transport": None})).json()
    assert (kept["catch_all_inbox_id"], kept["transport"]) == (mine, None)


async def test_h70_a_domain_with_inboxes_stays(owner: Owner) -> None:
    found = await owner.added()
    await owner.tenant.http.patch(f"/domains/{found['id']}", json={"subdomains_enabled": True})
    for name in (found["domain"], f"eu.{found['domain']}"):
        inbox = (await owner.tenant.http.post("/inboxes", json={"username": "a", "domain": name})).json()
        answer = await owner.tenant.http.delete(f"/domains/{found['id']}")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert inbox["email"] in answer.json()["detail"]
        await owner.tenant.http.delete(f"/inboxes/{inbox['id']}")
    assert (await owner.tenant.http.delete(f"/domains/{found['id']}")).status_code == 204
    assert (await owner.tenant.http.get(f"/domains/{found['id']}")).status_code == 404


async def test_verify_is_asked_gently(owner: Owner) -> None:
    path = f"/domains/{(await owner.add())['id']}/verify"
    assert (await owner.tenant.http.post(path)).status_code == 200
    again = await owner.tenant.http.post(path)
    assert (again.status_code, again.json()["code"], again.headers["Retry-After"]) == (429, "rate_limited", "2")


async def test_h07_h08_a_domain_is_seen_only_by_its_tenant_environment_and_unlimited_keys(
    owner: Owner, rival: Owner
) -> None:
    made = await owner.add()
    inbox = (await owner.tenant.http.post("/inboxes", json={})).json()
    paths = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/verify"), ("POST", "/rotate-dkim"),
             ("GET", "/zone-file")]  # fmt: skip
    for http in (rival.tenant.http, owner.tenant.sandbox):
        for method, tail in paths:
            answers = [
                await http.request(method, f"/domains/{one}{tail}", json={} if method == "PATCH" else None)
                for one in (made["id"], "dom_00000000000000000000000000")
            ]
            assert [one.status_code for one in answers] == [404, 404], (method, tail)
            foreign, random = ({k: v for k, v in one.json().items() if k != "request_id"} for one in answers)
            assert foreign == random
        assert (await http.get("/domains")).json()["data"] == []
    limited = (await owner.tenant.http.post(
        "/api-keys", json={"name": "one inbox", "scopes": ["*"], "inbox_ids": [inbox["id"]]}
    )).json()["key"]  # fmt: skip
    async with client(owner.server, limited) as http:
        assert (await http.get(f"/domains/{made['id']}")).status_code == 403


async def test_the_zone_file_reads_back_as_the_records(owner: Owner) -> None:
    made = await owner.add()
    answer = await owner.tenant.http.get(f"/domains/{made['id']}/zone-file")
    assert answer.headers["content-type"].startswith("text/plain")
    zone = dns.zone.from_text(answer.text, origin=f"{made['domain']}.", relativize=False, check_origin=False)
    read = set()
    for name, _, rdata in zone.iterate_rdatas():
        data: Any = rdata
        owner_name = name.to_text(omit_final_dot=True)
        match data.rdtype.name:
            case "TXT":
                read.add((owner_name, "TXT", b"".join(data.strings).decode(), None))
            case _:
                read.add((owner_name, "MX", data.exchange.to_text(omit_final_dot=True), data.preference))
    assert read == {(one["name"], one["type"], one["value"], one["priority"]) for one in made["records"]}


async def test_published_as_people_do_it(owner: Owner) -> None:
    """Case, a folded key, more SPF than asked, another TXT beside it, a backup MX."""
    made = await owner.add()
    publish(owner.names, made)
    key = record(made, "dkim")
    owner.names.txt(key["name"], key["value"].replace("v=DKIM1; k=rsa; p=", "V=DKIM1 ;p= ").replace("/", "/ "))
    owner.names.zone[made["domain"], "MX"] = ["10 MX.AgentPost.Test.", "20 backup.example."]
    owner.names.txt(
        made["domain"], "google-site-verification=x", "v=spf1 include:other.example A:mx.agentpost.test -all"
    )
    owner.names.txt(f"_dmarc.{made['domain']}", "v=DMARC1;p=reject")
    assert {one["status"] for one in (await owner.look(made))["records"]} == {"verified"}


async def test_domains_that_nobody_proves_do_not_pile_up(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_UNPROVEN", 2)
    for n in range(2):
        await owner.add(f"n{n}.{owner.name()}")
    body = {"domain": f"n2.{owner.name()}"}
    refused = await owner.tenant.http.post("/domains", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    first = (await owner.tenant.http.get("/domains")).json()["data"][0]
    assert (await owner.tenant.http.delete(f"/domains/{first['id']}")).status_code == 204
    assert (await owner.tenant.http.post("/domains", json=body)).status_code == 201
