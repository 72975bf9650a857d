"""Handshakes that lead nowhere: refused before the upgrade, as any unknown path is."""

import asyncio
import base64
import os

import pytest

from harness import Tenant


async def _handshake(tenant: Tenant, path: str, *headers: str) -> tuple[int, str]:
    host, port = tenant.server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket", *headers]
    writer.write(
        "\r\n".join([*lines, "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "\r\n"]).encode("latin-1")
    )
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        return int(head.split()[1]), head.decode("latin-1").lower()
    finally:
        writer.close()


@pytest.mark.parametrize("path", ["/nowhere", "/ws/nowhere", "/api/v1/inboxes", "/api/v1/ws", "/healthz", "//ws"])
async def test_a_socket_is_opened_at_ws_alone(tenant: Tenant, path: str) -> None:
    status, head = await _handshake(tenant, path, f"Authorization: Bearer {tenant.organization.live_key}")
    assert 400 <= status < 500
    assert "sec-websocket-accept" not in head


@pytest.mark.parametrize("path", ["/ws", "/%77s", "/%2577s", "/./ws"])
async def test_k01_a_cookie_opens_nothing_by_any_spelling_of_the_path(tenant: Tenant, path: str) -> None:
    cookie, origin = "Cookie: session=1", "Origin: https://evil.example"
    for headers in ((cookie,), (cookie, origin), (cookie, "Origin: null"), (origin,)):
        status, head = await _handshake(tenant, path, *headers)
        assert status in (400, 403, 404), (path, headers, status)
        assert "sec-websocket-accept" not in head
