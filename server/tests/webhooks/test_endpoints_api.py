"""Webhook endpoints through the REST door."""

import asyncio
import re

import pytest

from harness import Tenant, client
from webhooks.receiving import register

URL = "https://hooks.example.com/agentpost?x=1"


async def test_an_endpoint_has_its_shape_and_shows_its_secret_once(tenant: Tenant) -> None:
    made = await register(tenant, URL, event_types=["message.received"], description="orders")
    secret = made.pop("secret")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert made == {
        "id": made["id"],
        "environment_id": made["environment_id"],
        "url": URL,
        "description": "orders",
        "event_types": ["message.received"],
        "inbox_ids": [],
        "enabled": True,
        "disabled_reason": None,
        "headers": [],
        "client_id": None,
        "consecutive_failures": 0,
        "last_success_at": None,
        "created_at": made["created_at"],
        "updated_at": made["updated_at"],
    }
    assert (await tenant.http.get(f"/webhooks/{made['id']}")).json() == made
    assert (await tenant.http.get("/webhooks")).json() == {"data": [made], "next_page_token": None}


async def test_header_values_are_never_read_back(tenant: Tenant) -> None:
    made = await register(tenant, URL, headers={"Authorization": "Bearer hunter2", "X-Team": "blue"})
    assert made["headers"] == ["Authorization", "X-Team"]
    for path in (f"/webhooks/{made['id']}", "/webhooks", "/org/audit-log"):
        assert "hunter2" not in (await tenant.http.get(path)).text
    changed = (await tenant.http.patch(f"/webhooks/{made['id']}", json={"headers": {"X-Team": "red"}})).json()
    assert changed["headers"] == ["X-Team"]
    assert (await tenant.http.patch(f"/webhooks/{made['id']}", json={"headers": None})).json()["headers"] == []


async def test_secrets_lie_sealed_in_the_database(tenant: Tenant) -> None:
    made = await register(tenant, URL, headers={"Authorization": "Bearer hunter2"})
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        row = await tx.row("SELECT secrets, headers FROM webhooks WHERE url = $1", URL)
    assert row is not None
    assert made["secret"].encode() not in row["secrets"]
    assert b"hunter2" not in row["headers"]


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "http://0x7f.1/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://metadata.google.internal/",
        "http://x@example.com/",
        "ftp://example.com/",
        "http://example.com/%00",
        "//example.com",
        "http://192.168.1.1:8025/hook",
    ],
)
async def test_w_rows_an_unsafe_url_is_refused_at_the_door(tenant: Tenant, url: str) -> None:
    answer = await tenant.http.post("/webhooks", json={"url": url})
    assert (answer.status_code, answer.json()["code"], answer.json()["errors"][0]["field"]) == (
        422,
        "unsafe_url",
        "url",
    )
    made = await register(tenant, URL)
    assert (await tenant.http.patch(f"/webhooks/{made['id']}", json={"url": url})).status_code == 422


async def test_egress_allow_lets_loopback_in(tenant: Tenant) -> None:
    await register(tenant, "http://127.0.0.1:9/hook")
    await register(tenant, "http://localhost:9/hook")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "x"},
        {"Content-Length": "1"},
        {"X-A": "a\r\nX-B: b"},
        {"X A": "b"},
        {"content-type": "text/plain"},
        {"Webhook-Id": "1"},
        {"X-AgentPost-Signature": "0"},
        {"X-A": "1", "x-a": "2"},
    ],
)
async def test_headers_that_would_change_the_request_are_refused(tenant: Tenant, headers: dict[str, str]) -> None:
    answer = await tenant.http.post("/webhooks", json={"url": URL, "headers": headers})
    assert (answer.status_code, answer.json()["code"]) == (422, "unsafe_header")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"event_types": ["message.received", "message.*"]}, "event_types[1]"),
        ({"inbox_ids": ["inb_01JQ8XK3B2M4N6P8R0S2T4V6W8"]}, "inbox_ids[0]"),
        ({"inbox_ids": ["nonsense"]}, "inbox_ids[0]"),
        ({"secret": "whsec_mine"}, "secret"),
        ({"description": "a\x00b"}, "description"),
        ({"client_id": "a\x00b"}, "client_id"),
        ({"enabled": None}, "enabled"),
    ],
)
async def test_wrong_fields_are_named(tenant: Tenant, fields: dict[str, object], field: str) -> None:
    answer = await tenant.http.post("/webhooks", json={"url": URL, **fields})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_inboxes_of_others_do_not_exist_for_an_endpoint(tenant: Tenant, stranger: Tenant) -> None:
    foreign = (await stranger.http.post("/inboxes", json={})).json()["id"]
    sandboxed = (await tenant.sandbox.post("/inboxes", json={})).json()["id"]
    own = (await tenant.http.post("/inboxes", json={})).json()["id"]
    for one in (foreign, sandboxed):
        assert (await tenant.http.post("/webhooks", json={"url": URL, "inbox_ids": [one]})).status_code == 422
    assert (await register(tenant, URL, inbox_ids=[own, own]))["inbox_ids"] == [own]


async def test_client_id_makes_one_endpoint_however_often_it_is_sent(tenant: Tenant) -> None:
    bodies = [{"url": f"{URL}&n={n}", "client_id": "x"} for n in range(8)]
    answers = await asyncio.gather(*(tenant.http.post("/webhooks", json=body) for body in bodies))
    assert sorted(one.status_code for one in answers) == [200] * 7 + [201]
    assert len({(one.json()["id"], one.json()["url"]) for one in answers}) == 1
    assert sum("secret" in one.json() for one in answers) == 1


async def test_a_replayed_creation_has_null_for_the_secret(tenant: Tenant) -> None:
    first, second = [
        await tenant.http.post("/webhooks", json={"url": URL}, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert second.headers["idempotent-replayed"] == "true"
    assert second.json() == {**first.json(), "secret": None}


async def test_patch_keeps_what_is_absent_and_clears_what_is_null(tenant: Tenant) -> None:
    made = await register(tenant, URL, event_types=["message.sent"], description="x", headers={"X-A": "b"})
    path = f"/webhooks/{made['id']}"
    off = (await tenant.http.patch(path, json={"enabled": False})).json()
    assert (off["enabled"], off["disabled_reason"], off["description"]) == (False, "manual", "x")
    on = (await tenant.http.patch(path, json={"enabled": True, "event_types": None, "description": None})).json()
    assert (on["enabled"], on["disabled_reason"], on["event_types"], on["description"]) == (True, None, [], None)
    assert on["headers"] == ["X-A"]
    assert (await tenant.http.patch(path, json={"url": None})).status_code == 422
    assert (await tenant.http.patch(path, json={"client_id": "y"})).status_code == 422


async def test_pages_hold_every_endpoint_once(tenant: Tenant) -> None:
    made = [(await register(tenant, URL))["id"] for _ in range(5)]
    first = (await tenant.http.get("/webhooks", params={"limit": 3, "ascending": "true"})).json()
    second = (
        await tenant.http.get(
            "/webhooks", params={"limit": 3, "ascending": "true", "page_token": first["next_page_token"]}
        )
    ).json()
    assert [one["id"] for one in first["data"] + second["data"]] == made
    assert second["next_page_token"] is None


async def test_a_deleted_endpoint_is_gone(tenant: Tenant) -> None:
    made = await register(tenant, URL, client_id="again")
    assert (await tenant.http.delete(f"/webhooks/{made['id']}")).status_code == 204
    assert (await tenant.http.delete(f"/webhooks/{made['id']}")).status_code == 404
    assert (await tenant.http.get(f"/webhooks/{made['id']}/deliveries")).status_code == 404
    assert (await register(tenant, URL, client_id="again"))["id"] != made["id"]


async def test_changes_are_in_the_audit_log_without_secrets(tenant: Tenant) -> None:
    made = await register(tenant, URL)
    rotated = (await tenant.http.post(f"/webhooks/{made['id']}/rotate-secret")).json()
    await tenant.http.patch(f"/webhooks/{made['id']}", json={"enabled": False})
    await tenant.http.delete(f"/webhooks/{made['id']}")
    log = await tenant.http.get("/org/audit-log")
    actions = [one["action"] for one in log.json()["data"] if one["target"] == made["id"]]
    assert actions == ["webhook.deleted", "webhook.updated", "webhook.secret_rotated", "webhook.created"]
    assert made["secret"] not in log.text
    assert rotated["secret"] not in log.text


async def test_keys_of_certain_inboxes_never_get_webhooks(tenant: Tenant) -> None:
    inbox = (await tenant.http.post("/inboxes", json={})).json()["id"]
    wanted = {"name": "one", "scopes": ["webhooks:read", "webhooks:write"], "inbox_ids": [inbox]}
    limited = (await tenant.http.post("/api-keys", json=wanted)).json()
    async with client(tenant.server, limited["key"]) as narrow:
        assert (await narrow.get("/webhooks")).json()["code"] == "missing_scope"
        assert (await narrow.post("/webhooks", json={"url": URL})).status_code == 403


ROUTES = [
    ("GET", "/webhooks/{w}", None),
    ("PATCH", "/webhooks/{w}", {}),
    ("DELETE", "/webhooks/{w}", None),
    ("POST", "/webhooks/{w}/rotate-secret", None),
    ("POST", "/webhooks/{w}/test", {}),
    ("POST", "/webhooks/{w}/replay", {"since": "2026-01-01T00:00:00Z"}),
    ("GET", "/webhooks/{w}/deliveries", None),
    ("GET", "/deliveries/{d}", None),
    ("POST", "/deliveries/{d}/redeliver", None),
]


async def test_h07_nobody_else_sees_or_touches_an_endpoint_or_its_deliveries(tenant: Tenant, stranger: Tenant) -> None:
    made = await register(tenant, URL)
    delivery = (await tenant.http.post(f"/webhooks/{made['id']}/test", json={})).json()
    never = {"w": "whk_01JQ8XK3B2M4N6P8R0S2T4V6W8", "d": "dlv_01JQ8XK3B2M4N6P8R0S2T4V6W8"}
    for http in (stranger.http, tenant.sandbox):
        assert (await http.get("/webhooks")).json()["data"] == []
        for method, path, body in ROUTES:
            theirs = await http.request(method, path.format(w=made["id"], d=delivery["id"]), json=body)
            nothing = await http.request(method, path.format(**never), json=body)
            assert theirs.status_code == nothing.status_code == 404
            shown, empty = theirs.json(), nothing.json()
            del shown["request_id"], empty["request_id"]
            assert shown == empty
    assert (await tenant.http.get(f"/deliveries/{delivery['id']}")).json()["status"] == "pending"
