"""The stream of events: live, and across a break without a gap or a repeat."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agentpost import AgentPost, AsyncAgentPost, errors
from agentpost.types import Event
from harness import new_tenant, running_server


async def _some(stream: AsyncIterator[Event], number: int) -> list[str]:
    return [(await anext(stream)).data["email"] for _ in range(number)]


async def _logged(client: AsyncAgentPost, number: int) -> list[Event]:
    """The log, once so many inboxes stand in it: it is written a moment after the change."""
    async with asyncio.timeout(30):
        while True:
            log = [one async for one in client.events.list(types=["inbox.created"], ascending=True)]
            if len(log) >= number:
                return log
            await asyncio.sleep(0.05)


async def test_events_come_as_they_happen(client: AsyncAgentPost) -> None:
    await client.inboxes.create(username="before")
    await _logged(client, 1)
    hearing = asyncio.create_task(_some(client.events.stream(types=["inbox.created"]), 2))
    await asyncio.sleep(1)
    made = [(await client.inboxes.create()).email for _ in range(2)]
    async with asyncio.timeout(30):
        assert await hearing == made


async def test_after_begins_in_the_log(client: AsyncAgentPost, sync_client: AgentPost) -> None:
    made = [(await client.inboxes.create()).email for _ in range(3)]
    log = await _logged(client, 3)

    def hear() -> list[str]:
        stream = sync_client.events.stream(types=["inbox.created"], after=log[0].id)
        return [next(stream).data["email"] for _ in range(2)]

    assert await asyncio.to_thread(hear) == made[1:]


async def test_a_position_that_is_gone_is_told(client: AsyncAgentPost) -> None:
    with pytest.raises(errors.Gone) as caught:
        await anext(client.events.stream(after="evt_01JQ8XK3B2M4N6P8R0S2T4V6W8"))
    assert caught.value.code == "event_expired"


async def test_a_dying_server_loses_and_repeats_nothing(own_database: str) -> None:
    """The first event falls into the gap: before it, the stream has nothing to hold on to but where it began."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with running_server(own_database) as first, new_tenant(first) as tenant:
        client = AsyncAgentPost(tenant.organization.test_key, base_url=first.url)
        port = int(first.url.rsplit(":", 1)[1])

        async def hear() -> None:
            async for event in client.events.stream(types=["inbox.created"]):
                heard.put_nowait(event.data["email"])

        hearing = asyncio.create_task(hear())
        await asyncio.sleep(1)
    made: list[str] = []
    for _ in range(3):
        async with running_server(own_database, port=port) as server:
            async with AsyncAgentPost(tenant.organization.test_key, base_url=server.url, retries=6) as other:
                made += [(await other.inboxes.create()).email for _ in range(2)]
            await asyncio.sleep(1)
    async with running_server(own_database, port=port), asyncio.timeout(60):
        assert [await heard.get() for _ in made] == made
        assert (await client.inboxes.create()).email == await heard.get(), "nothing came twice"
    hearing.cancel()
    await client.close()
