"""Who may come in at `/mcp`, and what is refused before anyone reads it (bad-inputs C)."""

import json
from typing import Any

import httpx2
import pytest

from harness import Tenant

_LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
_ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


async def _post(tenant: Tenant, body: Any, **headers: str) -> httpx2.Response:
    given = {**_ACCEPT, "authorization": f"Bearer {tenant.organization.test_key}", **headers}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx2.AsyncClient(timeout=30) as http:
        sent = {name: value for name, value in given.items() if value}
        return await http.post(f"{tenant.server.url}/mcp", content=content, headers=sent)


async def test_c01_foreign_pages_and_names_are_refused(tenant: Tenant) -> None:
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"host": "evil.example"}):
        answer = await _post(tenant, _LIST, **headers)
        assert answer.status_code == 403, headers
        assert "AGENTPOST_PUBLIC_URL" in answer.json()["error"]["data"]["fix"]
    assert (await _post(tenant, _LIST, origin=tenant.server.url)).status_code == 200


async def test_c02_without_a_good_key_nobody_comes_in(tenant: Tenant) -> None:
    for authorization in ("", "Bearer ap_sk_test_wrong", "Basic eDp5", "Bearer"):
        answer = await _post(tenant, _LIST, authorization=authorization)
        assert answer.status_code == 401, authorization
    assert "WWW-Authenticate" in (await _post(tenant, _LIST, authorization="")).headers


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        json.dumps([_LIST] * 10_000).encode(),
        json.dumps({**_LIST, "id": None}).encode(),
        json.dumps({"jsonrpc": "2.0", "id": 1}).encode(),
        json.dumps({**_LIST, "method": 7}).encode(),
        b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"tools/list"}',
        b"[" * 100_000,
    ],
    ids=[
        "nothing",
        "cut",
        "no call",
        "null",
        "not utf-8",
        "batch",
        "id null",
        "no method",
        "method 7",
        "long id",
        "deep",
    ],
)
@pytest.mark.parametrize("version", ["", "2025-11-25", "2026-07-28"])
async def test_c04_what_is_no_single_call_is_told_so(tenant: Tenant, body: bytes, version: str) -> None:
    answer = await _post(tenant, body, **{"mcp-protocol-version": version})
    assert 400 <= answer.status_code < 500, answer.text
    assert (await _post(tenant, _LIST)).status_code == 200, "and the next one is served"


async def test_c04_more_than_a_mebibyte_is_refused(tenant: Tenant) -> None:
    big = {**_LIST, "params": {"x": "a" * 1_100_000}}
    assert (await _post(tenant, big)).status_code == 413


async def test_odd_addresses_are_told(tenant: Tenant) -> None:
    async with httpx2.AsyncClient(
        headers={**_ACCEPT, "authorization": f"Bearer {tenant.organization.test_key}"}
    ) as http:
        for query in ("?profile=everything", "?tools=format_disk", "?x=1"):
            answer = await http.post(f"{tenant.server.url}/mcp{query}", json=_LIST)
            assert answer.status_code == 400, query
