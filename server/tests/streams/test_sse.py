"""Server-sent events: the same stream over plain HTTP."""

import asyncio

import pytest

from agentpost_server.core import ids
from agentpost_server.streams import sse
from events.happenings import happen, live, publish, sandbox
from harness import Tenant, client, running_server
from streams.sse_client import stream


async def test_events_arrive_as_they_happen_with_their_filters(tenant: Tenant) -> None:
    inbox = (await tenant.http.post("/inboxes", json={})).json()["id"]
    await publish(tenant.server, live(tenant))
    async with (
        stream(tenant.http) as every,
        stream(tenant.http, event_types="inbox.paused,inbox.resumed") as typed,
        stream(tenant.http, inbox_id=inbox) as narrow,
    ):
        first = await happen(tenant.server, live(tenant), inbox=inbox)
        await happen(tenant.server, sandbox(tenant))
        then = await happen(tenant.server, live(tenant), "inbox.paused")
        assert await every.ids(2) == first + then
        assert await typed.ids(1) == then
        assert await narrow.event() == (await tenant.http.get(f"/events/{first[0]}")).json()


async def test_last_event_id_resumes_and_goes_before_after(tenant: Tenant) -> None:
    made = await publish(tenant.server, live(tenant), times=250)
    async with (
        stream(tenant.http, after=made[4]) as by_query,
        stream(tenant.http, {"Last-Event-ID": made[200]}, after=made[4]) as by_header,
    ):
        new = await happen(tenant.server, live(tenant), times=2)
        assert await by_query.ids(247) == made[5:] + new
        assert await by_header.ids(51) == made[201:] + new


async def test_wrong_filters_and_afters_are_problems_before_thestream(tenant: Tenant, stranger: Tenant) -> None:
    theirs = await publish(tenant.server, live(stranger))
    inbox = (await stranger.http.post("/inboxes", json={})).json()["id"]
    environment = ids.encode("env", stranger.organization.live_environment_id)
    for query, code in (
        ({"after": theirs[0]}, "event_expired"),
        ({"inbox_id": inbox}, "not_found"),
        ({"environment_ids": environment}, "not_found"),
        ({"event_types": "nothing.happened"}, "validation_failed"),
    ):
        answer = await tenant.http.get("/events/stream", params=query)
        assert answer.json()["code"] == code
    async with client(tenant.server, None) as nobody:
        assert (await nobody.get("/events/stream")).status_code == 401


async def test_a_comment_keeps_a_quietstream(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "_HEARTBEAT_SECONDS", 0.05)
    async with tenant.http.stream("GET", "/events/stream") as response:
        chunks = response.aiter_bytes()
        assert await anext(chunks) == b"retry: 2000\n\n"
        assert await anext(chunks) == b": still here\n\n"


async def test_k07_a_stream_that_is_not_read_holds_at_most_a_mebibyte(tenant: Tenant) -> None:
    """The hub's side of it: what waits is bounded, and the stream ends instead of skipping."""
    hub = tenant.server.process.hub
    async with tenant.http.stream("GET", "/events/stream"):
        feed = next(one for one in hub.listeners() if one.caller.organization_id == tenant.organization.organization_id)
        assert isinstance(feed, sse.Feed)
        for _ in range(200):
            if feed.over:
                break
            await publish(tenant.server, live(tenant), times=1)
            await happen(tenant.server, live(tenant), times=10, size=100_000)
        assert feed.over
    await asyncio.sleep(0.1)
    assert feed not in hub.listeners()


async def test_a_stream_ends_cleanly_when_the_server_does(tenant: Tenant, database_url: str) -> None:
    """The last chunk is sent, and the shutdown does not wait until it loses patience."""
    stopped = asyncio.Event()
    async with client(tenant.server, tenant.organization.live_key) as http:

        async def serve_until_told() -> None:
            async with running_server(database_url) as second:
                http.base_url = second.url + "/api/v1"
                serving.set()
                await stopped.wait()

        serving = asyncio.Event()
        server = asyncio.create_task(serve_until_told())
        await serving.wait()
        async with stream(http) as heard:
            made = await happen(tenant.server, live(tenant))
            assert await heard.ids(1) == made
            stopped.set()
            async with asyncio.timeout(5):
                assert (await heard.rest()).strip() == ""
                await server
