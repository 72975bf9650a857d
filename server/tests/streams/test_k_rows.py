"""The K rows of the bad inputs: each socket that misbehaves, or has no right, ends alone and in time."""

import asyncio
import base64
import os
import socket as sockets

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agentpost_server.core import ids
from agentpost_server.streams import socket as socket_door
from events.happenings import happen, live, publish, sandbox
from harness import Server, Tenant, client
from streams.sockets import Socket, open_socket


async def _status(server: Server, key: str | None, query: str = "", **headers: str) -> tuple[int, str]:
    """How the handshake is refused: status and code of the problem."""
    with pytest.raises(InvalidStatus) as refused:
        async with open_socket(server, key, query, **headers):
            pass
    response = refused.value.response
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    return response.status_code, msgspec.json.decode(response.body or b"")["code"]


async def _closed(socket: Socket, seconds: float) -> int:
    """Read until the server closes; its code."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                await socket.hear()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
async def test_k01_a_cookie_opens_nothing(tenant: Tenant, origin: str | None) -> None:
    headers = {"Cookie": f"__Host-agentpost={tenant.organization.live_key}"}
    if origin:
        headers["Origin"] = origin
    assert await _status(tenant.server, None, **headers) == (403, "forbidden")


async def test_k01_without_a_key_nothing_is_upgraded(tenant: Tenant) -> None:
    assert await _status(tenant.server, None) == (401, "unauthenticated")
    assert await _status(tenant.server, None, Origin="https://evil.example") == (403, "forbidden")
    assert await _status(tenant.server, tenant.organization.live_key[:-1] + "0") == (401, "invalid_key")
    assert await _status(tenant.server, None, "?token=ap_sk_live_x") == (401, "invalid_key")
    assert await _status(tenant.server, None, "?token=ap_wt_" + "A" * 64) == (401, "invalid_key")
    assert await _status(tenant.server, None, "?token=a&token=b") == (400, "bad_request")
    for path in ("/%61pi/ws", "/api/ws", "/ws/x"):
        with pytest.raises(InvalidStatus) as refused:
            async with open_socket(tenant.server, None, "/../.." + path, Cookie="a=b"):
                pass
        assert 400 <= refused.value.response.status_code < 500


async def test_k02_reading_needs_the_scope_and_the_named_environment(tenant: Tenant) -> None:
    made = await tenant.http.post("/api-keys", json={"name": "no", "scopes": ["inboxes:read"]})
    assert await _status(tenant.server, made.json()["key"]) == (403, "missing_scope")
    header = {"AgentPost-Environment": "sandbox"}
    assert await _status(tenant.server, tenant.organization.live_key, **header) == (404, "not_found")


async def test_k03_nobody_subscribes_to_what_is_not_theirs(tenant: Tenant, stranger: Tenant) -> None:
    mine, theirs, apart = [
        (await http.post("/inboxes", json={})).json()["id"] for http in (tenant.http, stranger.http, tenant.sandbox)
    ]
    made = await tenant.http.post("/api-keys", json={"name": "one", "scopes": ["events:read"], "inbox_ids": [mine]})
    second = (await tenant.http.post("/inboxes", json={})).json()["id"]
    environment = ids.encode("env", stranger.organization.live_environment_id)
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        errors = []
        for wanted in ({"inbox_id": theirs}, {"inbox_id": apart}, {"inbox_id": ids.encode("inb", ids.new_id())}):
            await socket.say(type="subscribe", **wanted)
            errors.append(await socket.hear())
        await socket.say(type="subscribe", environment_ids=[environment])
        errors.append(await socket.hear())
        assert [error["code"] for error in errors] == ["not_found"] * 4
        assert errors.count(errors[0]) == 4
    async with open_socket(tenant.server, made.json()["key"]) as socket:
        await socket.say(type="subscribe", inbox_id=second)
        assert (await socket.hear())["code"] == "not_found"
        await socket.subscribe()
        await publish(tenant.server, live(tenant), inbox=second)
        await publish(tenant.server, live(tenant))
        of_mine = await publish(tenant.server, live(tenant), inbox=mine)
        assert await socket.event_ids(1) == of_mine
        assert await socket.is_quiet()


async def test_k03_a_socket_hears_only_its_own_organization(tenant: Tenant, stranger: Tenant) -> None:
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        await socket.subscribe()
        await publish(tenant.server, live(stranger))
        await publish(tenant.server, sandbox(tenant))
        assert await socket.is_quiet()


async def test_k04_a_revoked_key_ends_its_sockets_within_five_seconds(tenant: Tenant) -> None:
    made = (await tenant.http.post("/api-keys", json={"name": "brief", "scopes": ["events:read"]})).json()
    async with (
        open_socket(tenant.server, made["key"]) as socket,
        open_socket(tenant.server, tenant.organization.live_key) as other,
        client(tenant.server, made["key"]) as http,
    ):
        await socket.subscribe()
        async with http.stream("GET", "/events/stream") as stream:
            assert (await tenant.http.delete(f"/api-keys/{made['id']}")).status_code == 204
            assert await _closed(socket, 5) == 4401
            async with asyncio.timeout(1):
                assert [chunk async for chunk in stream.aiter_bytes()] == [b"retry: 2000\n\n"]
        assert await other.is_quiet()


async def test_k06_frames_of_more_than_64_kib_are_refused(tenant: Tenant) -> None:
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        await socket.connection.send('{"type":"ping"' + " " * 70_000 + "}")
        assert await _closed(socket, 5) == 1009


async def test_k07_a_reader_who_never_reads_is_cut_off_and_resumes(tenant: Tenant) -> None:
    """Some of the events lie in the sockets' own buffers; ours never holds more than a mebibyte and one event."""
    anchor = await publish(tenant.server, live(tenant))
    raw = await asyncio.to_thread(_deaf_socket, tenant)
    made: list[str] = []
    try:
        async with open_socket(tenant.server, tenant.organization.live_key) as healthy:
            await healthy.subscribe()
            for _ in range(16):
                made += await happen(tenant.server, live(tenant), times=10, size=50_000)
                assert await healthy.event_ids(10) == made[-10:]
            end = (4408).to_bytes(2, "big") + b"too slow; resume with after"
            octets = await asyncio.to_thread(_read_until, raw, end)
    finally:
        raw.close()
    assert octets.endswith(bytes((0x88, len(end))) + end)
    assert len(octets) < 160 * 50_000
    async with open_socket(tenant.server, tenant.organization.live_key) as again:
        await again.subscribe(after=anchor[0])
        assert await again.event_ids(len(made)) == made


def _deaf_socket(tenant: Tenant) -> sockets.socket:
    """A subscribed WebSocket that takes its handshake and then nothing more."""
    host, port = tenant.server.url.removeprefix("http://").split(":")
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 8192)
    raw.settimeout(20)
    raw.connect((host, int(port)))
    key = base64.b64encode(os.urandom(16)).decode()
    raw.sendall(
        f"GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\nAuthorization: Bearer {tenant.organization.live_key}\r\n\r\n".encode()
    )
    assert b" 101 " in raw.recv(4096)
    message = b'{"type":"subscribe"}'
    raw.sendall(bytes((0x81, 0x80 | len(message), 0, 0, 0, 0)) + message)
    subscribed = b'\x81\x15{"type":"subscribed"}'
    assert raw.recv(len(subscribed), sockets.MSG_WAITALL) == subscribed
    return raw


def _read_until(raw: sockets.socket, end: bytes) -> bytes:
    read = bytearray()
    while not read.endswith(end) and (octets := raw.recv(1 << 20)):
        read += octets
    return bytes(read)


async def test_k08_too_many_subscriptions_end_the_socket(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    assert socket_door._SUBSCRIPTIONS == 100
    monkeypatch.setattr(socket_door, "_SUBSCRIPTIONS", 10)
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        for _ in range(10):
            await socket.subscribe(event_types=["thread.created"])
        await socket.say(type="subscribe")
        assert await _closed(socket, 5) == 4429


async def test_k08_too_many_messages_end_the_socket(tenant: Tenant) -> None:
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        for _ in range(200):
            await socket.say(type="ping")
        assert await _closed(socket, 5) == 4429


async def test_k10_a_wrong_after_is_an_error_and_replays_nothing(tenant: Tenant, stranger: Tenant) -> None:
    await publish(tenant.server, live(tenant), times=3)
    theirs = await publish(tenant.server, live(stranger))
    apart = await publish(tenant.server, sandbox(tenant))
    inbox = (await tenant.http.post("/inboxes", json={})).json()["id"]
    made = await tenant.http.post("/api-keys", json={"name": "one", "scopes": ["events:read"], "inbox_ids": [inbox]})
    other = await publish(tenant.server, live(tenant))
    future = ids.encode("evt", ids.id_at(4_000_000_000_000))
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        for after in (theirs[0], apart[0], future, "garbage", "", "evt_\x00"):
            await socket.say(type="subscribe", after=after)
            assert (await socket.hear())["code"] == "event_expired"
        assert await socket.is_quiet()
    async with open_socket(tenant.server, made.json()["key"]) as narrow:
        await narrow.say(type="subscribe", after=other[0])
        assert (await narrow.hear())["code"] == "event_expired"


@pytest.mark.parametrize(
    ("version", "websocket_version", "expected"),
    [("1.0", "13", (b"400", b"426")), ("1.1", "12", (b"400", b"426")), ("1.1", "13", (b"101",))],
)
async def test_k13_old_protocols_are_refused(
    tenant: Tenant, version: str, websocket_version: str, expected: tuple[bytes, ...]
) -> None:
    host, port = tenant.server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /ws HTTP/{version}\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: {websocket_version}\r\nSec-WebSocket-Key: {key}\r\n"
        f"Authorization: Bearer {tenant.organization.live_key}\r\n\r\n".encode()
    )
    line = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    assert line.split()[1] in expected


async def test_plain_http_is_told_to_upgrade(tenant: Tenant) -> None:
    answer = await tenant.http.get(tenant.server.url + "/ws")
    assert (answer.status_code, answer.json()["code"], answer.headers["upgrade"]) == (
        426,
        "upgrade_required",
        "websocket",
    )
