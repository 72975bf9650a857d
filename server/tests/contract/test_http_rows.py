"""The H rows that need a whole server: paths and methods, origins, forwarded addresses, forms, request ids."""

import asyncio
import time

import httpx2 as httpx
import pytest

from harness import Server, Tenant, client, running_server

_ORIGINS = ("https://evil.example", "null")


async def _raw(server: Server, target: str, method: str = "GET", headers: str = "") -> tuple[int, bytes]:
    """A request whose target no client library tidies."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return int(answer.split(b" ", 2)[1]), answer


@pytest.mark.parametrize(
    "sneaky", ["../", "..%2f..%2f", "%2e%2e%2f", "%00", "%0d%0aX-Injected:%20yes", "%E2%80%AE", "*"]
)
async def test_h38_what_is_no_id_is_not_found_and_stands_in_no_header(tenant: Tenant, sneaky: str) -> None:
    key = f"Authorization: Bearer {tenant.organization.live_key}\r\n"
    for path in ("inboxes", "messages", "threads", "attachments", "webhooks", "api-keys", "environments", "events"):
        status, answer = await _raw(tenant.server, f"/api/v1/{path}/{sneaky}", headers=key)
        assert status in (400, 404), (path, answer)
        assert b"injected" not in answer.partition(b"\r\n\r\n")[0].lower()


@pytest.mark.parametrize(
    "target",
    ["/%61pi/v1/inboxes", "//api/v1/inboxes", "/api/v1/./inboxes", "/api//v1/inboxes", "/api/v1/inboxes;x=1",
     "/api/v1/inboxes.", "/api/v1/inboxes/", "/API/v1/inboxes", "/api/v1/x/../inboxes", "/api/v1%2finboxes"],
)  # fmt: skip
async def test_h39_no_spelling_of_a_path_gets_past_the_key(server: Server, target: str) -> None:
    status, answer = await _raw(server, target)
    assert status in (400, 401, 404), answer
    assert (await _raw(server, "/api/v1/inboxes"))[0] == 401


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "__class__"])
async def test_h42_methods_that_are_not_served(server: Server, method: str) -> None:
    assert (await _raw(server, "/api/v1/inboxes", method))[0] in (400, 405)


async def test_h42_a_method_override_overrides_nothing(tenant: Tenant) -> None:
    inbox = (await tenant.http.post("/inboxes", json={})).json()["id"]
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = await tenant.http.post(f"/inboxes/{inbox}/resume", headers={header: "DELETE"})
        assert answer.status_code in (200, 405)
    assert (await tenant.http.get(f"/inboxes/{inbox}")).status_code == 200


async def test_h43_no_origin_is_ever_allowed(tenant: Tenant) -> None:
    for origin in _ORIGINS:
        preflight = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }
        async with client(tenant.server, None) as nobody:
            asked = [await nobody.options(path, headers=preflight) for path in ("/inboxes", "/auth/me", "/nowhere")]
        asked += [await tenant.http.options("/inboxes/inb_x/messages", headers=preflight)]
        asked += [await tenant.http.get(path, headers={"Origin": origin}) for path in ("/inboxes", "/nowhere")]
        for answer in asked:
            assert answer.status_code < 500, answer.text
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


async def test_h23_json_under_another_name_is_refused(tenant: Tenant) -> None:
    for media_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
    ):
        answer = await tenant.http.post("/inboxes", content=b"{}", headers={"Content-Type": media_type})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert (await tenant.http.get("/inboxes")).json()["data"] == []


async def test_h20_h21_what_two_readers_read_differently_is_no_json(tenant: Tenant) -> None:
    inbox = (await tenant.http.post("/inboxes", json={})).json()["id"]
    path, json = f"/inboxes/{inbox}/messages", {"Content-Type": "application/json"}
    for raw in (
        b'{"to":["a@b.example"],"to":["c@d.example"]}',
        b'{"to":NaN}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 10_000 + b"}",
    ):
        answer = await tenant.http.post(path, content=raw, headers=json)
        assert answer.status_code in (400, 422), raw[:60]
    assert (await tenant.http.get("/messages")).json()["data"] == []


async def test_h47_a_form_of_a_million_fields_is_not_parsed(tenant: Tenant) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for size, expected in ((4_000_000, (413, 415)), (40_000_000, (413,))):
        began = time.monotonic()
        answer = await tenant.http.post("/inboxes", content=b"a=1&" * (size // 4), headers=form)
        assert answer.status_code in expected
        assert time.monotonic() - began < 5


async def test_h41_a_forwarded_address_counts_only_from_a_trusted_peer(tenant: Tenant, database_url: str) -> None:
    async def seen(server: Server) -> tuple[str, str]:
        """The address in the request log, and in the audit log."""
        key = tenant.organization.live_key
        async with client(server, key) as http:
            answer = await http.post("/inboxes", json={}, headers={"X-Forwarded-For": "192.0.2.7"})
            request_id = answer.headers["X-Request-Id"]
            assert answer.status_code == 201
            audited = (await http.get("/org/audit-log", params={"limit": 1})).json()["data"][0]["ip"]
            for _ in range(50):
                logged = [
                    one["ip"]
                    for one in (await http.get("/requests")).json()["data"]
                    if (one["method"], one["status"]) == ("POST", 201)
                ]
                if logged:
                    return logged[0], audited
                await asyncio.sleep(0.1)
        raise AssertionError(request_id)

    assert await seen(tenant.server) == ("127.0.0.1", "127.0.0.1")
    async with (
        running_server(database_url, roles=("api",), trusted_proxies="127.0.0.0/8") as proxied,
        client(proxied, tenant.organization.live_key) as http,
    ):
        await http.post("/inboxes", json={}, headers={"X-Forwarded-For": "192.0.2.7"})
        assert (await http.get("/org/audit-log", params={"limit": 1})).json()["data"][0]["ip"] == "192.0.2.7"


async def test_a_request_id_comes_back_when_it_is_a_plain_word(tenant: Tenant) -> None:
    mine = await tenant.http.get("/auth/me", headers={"X-Request-Id": "trace-1.2:3"})
    assert mine.headers["X-Request-Id"] == "trace-1.2:3"
    for odd in ("a b", "x" * 129, "<script>"):
        other = (await tenant.http.get("/auth/me", headers={"X-Request-Id": odd})).headers["X-Request-Id"]
        assert other.startswith("req_")


async def test_a_list_takes_1_to_100_rows_a_page(tenant: Tenant) -> None:
    for limit, status in (("1", 200), ("100", 200), ("0", 422), ("101", 422), ("-1", 422), ("x", 422)):
        assert (await tenant.http.get("/inboxes", params={"limit": limit})).status_code == status, limit
    for token in ("", "x", "é", "A" * 600, "../"):
        answer = await tenant.http.get("/inboxes", params={"page_token": token})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_page_token"), token


async def test_limits_are_told_in_headers_and_retry_after(tenant: Tenant, stranger: Tenant, database_url: str) -> None:
    async with running_server(database_url, roles=("api",), requests_per_minute=3) as limited:
        answers: list[httpx.Response] = []
        # The window is a minute of the clock: two tries are never both cut by its end.
        for _ in range(2):
            async with client(limited, tenant.organization.live_key) as http:
                answers = [await http.get("/auth/me") for _ in range(5)]
            if answers[-1].status_code == 429:
                break
        assert answers[-1].json()["code"] == "rate_limited"
        assert int(answers[-1].headers["Retry-After"]) <= 61
        assert (answers[-1].headers["RateLimit-Limit"], answers[-1].headers["RateLimit-Remaining"]) == ("3", "0")
        assert int(answers[-1].headers["RateLimit-Reset"]) <= 61
        async with client(limited, stranger.organization.live_key) as http:
            assert (await http.get("/auth/me")).status_code == 200
    assert "RateLimit-Limit" not in (await tenant.http.get("/auth/me")).headers
