"""The WebSocket: what it tells whom, in which order, and how it answers."""

import asyncio
import json

import pytest

from agentpost_server.core import ids
from events.happenings import happen, live, publish, sandbox
from harness import Tenant
from streams.sockets import open_socket


async def _inbox(tenant: Tenant) -> str:
    return (await tenant.http.post("/inboxes", json={})).json()["id"]


async def test_an_event_arrives_as_the_envelope_of_the_log(tenant: Tenant) -> None:
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        await socket.subscribe()
        made = await happen(tenant.server, live(tenant))
        heard = await socket.hear()
        assert heard == {"type": "event", "data": (await tenant.http.get(f"/events/{made[0]}")).json()}


async def test_filters_by_type_inbox_and_environment(tenant: Tenant) -> None:
    mine, other = await _inbox(tenant), await _inbox(tenant)
    environment = ids.encode("env", tenant.organization.live_environment_id)
    key = tenant.organization.live_key
    async with open_socket(tenant.server, key) as typed, open_socket(tenant.server, key) as narrow:
        await typed.subscribe(event_types=["inbox.paused"])
        await narrow.subscribe(inbox_id=mine.lower(), environment_ids=[environment])
        await happen(tenant.server, live(tenant), "thread.created", inbox=other)
        of_mine = await happen(tenant.server, live(tenant), "thread.created", inbox=mine)
        paused = await happen(tenant.server, live(tenant), "inbox.paused", inbox=other)
        await happen(tenant.server, sandbox(tenant), "inbox.paused")
        last = await publish(tenant.server, live(tenant), "inbox.paused", inbox=mine)
        assert await typed.event_ids(2) == paused + last
        assert await narrow.event_ids(2) == of_mine + last
        assert await typed.is_quiet()
        assert await narrow.is_quiet()


async def test_the_environment_header_narrows_what_a_subscription_without_environments_means(tenant: Tenant) -> None:
    made = await tenant.http.post("/environments", json={"name": "Second", "slug": "second", "kind": "live"})
    second = ids.decode("env", made.json()["id"])
    in_second = type(live(tenant))(tenant.organization.organization_id, second)
    await asyncio.sleep(1.1)  # the key's reach is believed for a second
    key = tenant.organization.live_key
    named = open_socket(tenant.server, key, **{"AgentPost-Environment": "second"})
    async with open_socket(tenant.server, key) as both, named as one:
        await both.subscribe()
        await one.subscribe()
        first = await publish(tenant.server, live(tenant))
        then = await publish(tenant.server, in_second)
        assert await both.event_ids(2) == first + then
        assert await one.event_ids(1) == then


async def test_after_replays_the_log_and_goes_on_live(tenant: Tenant) -> None:
    missed = await publish(tenant.server, live(tenant), times=150)
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        await socket.subscribe(after=missed[9])
        comes = await happen(tenant.server, live(tenant), times=5)
        assert await socket.event_ids(145) == missed[10:] + comes
        assert await socket.is_quiet()


async def test_a_replay_under_fire_has_no_gap_and_no_repeat(tenant: Tenant) -> None:
    """Sockets that begin at different events while others are written all see one suffix of one order."""
    made = await publish(tenant.server, live(tenant), times=50)

    async def write() -> None:
        for _ in range(40):
            made.extend(await happen(tenant.server, live(tenant), times=10))
            await asyncio.sleep(0.002)

    async def follow(begin: int) -> list[str]:
        async with open_socket(tenant.server, tenant.organization.live_key) as socket:
            await asyncio.sleep(begin / 200)
            await socket.subscribe(after=made[begin])
            return await socket.event_ids(449 - begin)

    writing = asyncio.create_task(write())
    followed = await asyncio.gather(*(follow(begin) for begin in (0, 7, 20, 33, 49)))
    await writing
    for begin, seen in zip((0, 7, 20, 33, 49), followed, strict=True):
        assert seen == made[begin + 1 :], begin


async def test_what_two_subscriptions_want_comes_once(tenant: Tenant) -> None:
    missed = await publish(tenant.server, live(tenant), "inbox.paused", times=3)
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        await socket.subscribe(event_types=["thread.created"])
        both = await publish(tenant.server, live(tenant), "thread.created", times=2)
        assert await socket.event_ids(2) == both
        await socket.subscribe(after=missed[0])
        assert await socket.event_ids(2) == missed[1:]
        new = await publish(tenant.server, live(tenant), "thread.created", times=2)
        assert await socket.event_ids(2) == new
        assert await socket.is_quiet()


async def test_unsubscribe_ends_one_filter_or_all(tenant: Tenant) -> None:
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        for types in (["thread.created"], ["inbox.paused", "inbox.resumed"]):
            await socket.subscribe(event_types=types)
        await socket.say(type="unsubscribe", event_types=["inbox.resumed", "inbox.paused"])
        assert await socket.hear() == {"type": "unsubscribed"}
        await publish(tenant.server, live(tenant), "inbox.paused")
        made = await publish(tenant.server, live(tenant), "thread.created")
        assert await socket.event_ids(1) == made
        await socket.say(type="unsubscribe")
        assert await socket.hear() == {"type": "unsubscribed"}
        await publish(tenant.server, live(tenant), "thread.created")
        assert await socket.is_quiet()


async def test_pings_of_both_kinds_are_answered(tenant: Tenant) -> None:
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}
        await asyncio.wait_for(await socket.connection.ping(), 2)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "invalid_json"),
        (b"\x00\x01", "invalid_json"),
        ("[" * 10_000, "validation_failed"),
        ('"subscribe"', "validation_failed"),
        ('{"type":"shout"}', "validation_failed"),
        ('{"type":"subscribe","wildcard":true}', "validation_failed"),
        ('{"type":"subscribe","event_types":"message.received"}', "validation_failed"),
        ('{"type":"subscribe","event_types":["*"]}', "validation_failed"),
        (json.dumps({"type": "subscribe", "environment_ids": ["x"] * 101}), "validation_failed"),
        ('{"type":"subscribe","inbox_id":"*"}', "not_found"),
        ('{"type":"subscribe","environment_ids":["*"]}', "not_found"),
    ],
)
async def test_what_is_not_understood_gets_a_typed_error_and_the_socket_stays(
    tenant: Tenant, message: str | bytes, code: str
) -> None:
    async with open_socket(tenant.server, tenant.organization.live_key) as socket:
        await socket.connection.send(message)
        error = await socket.hear()
        assert list(error) == ["type", "code", "message", "fix"]
        assert (error["type"], error["code"]) == ("error", code)
        assert await socket.is_quiet()
