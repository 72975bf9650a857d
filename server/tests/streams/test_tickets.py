"""Tickets: one socket each, within a minute, with the rights of the key that took it and for as long as it is good."""

import asyncio
import logging

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from events.happenings import happen, live
from harness import Tenant
from streams.sockets import open_socket


async def _ticket(tenant: Tenant) -> str:
    made = await tenant.http.post("/ws/tickets")
    assert made.status_code == 201
    assert set(made.json()) == {"ticket", "expires_at"}
    return made.json()["ticket"]


async def test_a_ticket_lets_one_socket_in_once(tenant: Tenant) -> None:
    ticket = await _ticket(tenant)
    foreign = {"Origin": "https://console.example"}
    async with open_socket(tenant.server, None, f"?token={ticket}", **foreign) as socket:
        await socket.subscribe()
        made = await happen(tenant.server, live(tenant))
        assert await socket.event_ids(1) == made
        with pytest.raises(InvalidStatus) as refused:
            async with open_socket(tenant.server, None, f"?token={ticket}"):
                pass
        assert refused.value.response.status_code == 401


async def test_of_many_that_show_one_ticket_at_once_one_gets_in(tenant: Tenant) -> None:
    ticket = await _ticket(tenant)

    async def try_it() -> bool:
        try:
            async with open_socket(tenant.server, None, f"?token={ticket}") as socket:
                return await socket.is_quiet()
        except InvalidStatus:
            return False

    assert sorted(await asyncio.gather(*(try_it() for _ in range(10)))) == [False] * 9 + [True]


async def test_a_ticket_is_over_after_a_minute(tenant: Tenant) -> None:
    ticket = await _ticket(tenant)
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        assert await tx.run("UPDATE stream_tickets SET expires_at = expires_at - interval '60 seconds'") == "UPDATE 1"
    with pytest.raises(InvalidStatus):
        async with open_socket(tenant.server, None, f"?token={ticket}"):
            pass


async def test_the_socket_of_a_ticket_ends_with_its_key(tenant: Tenant) -> None:
    key = (await tenant.http.post("/api-keys", json={"name": "brief", "scopes": ["events:read"]})).json()
    headers = {"Authorization": f"Bearer {key['key']}"}
    ticket = (await tenant.http.post("/ws/tickets", headers=headers)).json()["ticket"]
    async with open_socket(tenant.server, None, f"?token={ticket}") as socket:
        await tenant.http.delete(f"/api-keys/{key['id']}")
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.hear(), 5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_a_replayed_request_shows_no_ticket_again(tenant: Tenant) -> None:
    first, again = [(await tenant.http.post("/ws/tickets", headers={"Idempotency-Key": "t"})) for _ in range(2)]
    assert first.json()["ticket"].startswith("ap_wt_")
    assert (again.json()["ticket"], again.headers["Idempotent-Replayed"]) == (None, "true")


async def test_a_key_may_be_the_token_and_no_log_holds_it(tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    key = tenant.organization.live_key
    with caplog.at_level(logging.DEBUG):
        async with open_socket(tenant.server, None, f"?token={key}") as socket:
            assert await socket.is_quiet()
        with pytest.raises(InvalidStatus):
            async with open_socket(tenant.server, None, f"?token={key}x"):
                pass
    ours = [record for record in caplog.records if not record.name.startswith("websockets.client")]
    assert any("WebSocket" in record.getMessage() for record in ours)
    assert key not in "".join(record.getMessage() for record in ours)
