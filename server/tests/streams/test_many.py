"""Many sockets, several processes: one log behind all of them."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import AsyncExitStack

import psutil

from agentpost_server.streams import Hub
from events.happenings import happen, live, publish
from harness import Tenant, client, running_server
from streams.sockets import Socket, open_socket

_SOCKETS = 1000


async def test_two_processes_on_one_database_both_deliver(tenant: Tenant, database_url: str) -> None:
    """What happens by A reaches sockets on B live and by replay, and the other way round; B has no worker."""
    key = tenant.organization.live_key
    async with running_server(database_url, roles=("api",)) as second:
        async with open_socket(tenant.server, key) as on_first, open_socket(second, key) as on_second:
            await on_first.subscribe()
            await on_second.subscribe()
            by_first = await happen(tenant.server, live(tenant), times=3)
            assert await on_second.event_ids(3) == by_first
            by_second = await happen(second, live(tenant), times=3)
            assert await on_first.event_ids(6) == by_first + by_second
            assert await on_second.event_ids(3) == by_second
        async with open_socket(second, key) as resumed:
            await resumed.subscribe(after=by_first[1])
            assert await resumed.event_ids(4) == [by_first[2], *by_second]
        async with client(second, key) as http:
            assert [one["id"] for one in (await http.get("/events")).json()["data"]] == by_first + by_second


async def test_a_process_without_a_worker_rings_those_that_have_one(database_url: str, tenant: Tenant) -> None:
    """The outbox bell, alone: the change is told on the bus after its commit."""
    rung = asyncio.Event()
    tenant.server.runtime.bus.subscribe("outbox", lambda _: rung.set())
    async with running_server(database_url, roles=("api",)) as second:
        await happen(second, live(tenant))
        await asyncio.wait_for(rung.wait(), 2)


async def test_a_thousand_sockets_hear_one_event_each_once(tenant: Tenant) -> None:
    """The client's half of a thousand connections is in this process too, and counts against the memory."""
    process = psutil.Process()
    key = tenant.organization.live_key
    async with AsyncExitStack() as stack:
        gc.collect()
        before = process.memory_info().rss
        opened: list[Socket] = []
        for _ in range(_SOCKETS // 50):
            opened += await asyncio.gather(
                *(stack.enter_async_context(open_socket(tenant.server, key)) for _ in range(50))
            )
        await asyncio.gather(*(one.subscribe() for one in opened))
        made = await publish(tenant.server, live(tenant))
        heard = await asyncio.gather(*(one.event_ids(1) for one in opened))
        assert heard == [made] * _SOCKETS
        assert (process.memory_info().rss - before) / _SOCKETS < 200_000
        assert await opened[0].is_quiet()


class _DeafBus:
    """Rings nobody."""

    def publish(self, topic: str, text: str = "") -> None: ...

    def subscribe(self, topic: str, listener: Callable[[str], None]) -> Callable[[], None]:
        return lambda: None

    async def check(self) -> None: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...


async def test_a_lost_ring_costs_a_poll(tenant: Tenant) -> None:
    hub = Hub(tenant.server.database, _DeafBus())
    await hub.start()
    try:
        begun = hub.position
        await publish(tenant.server, live(tenant), times=3)
        async with asyncio.timeout(3):
            while hub.position < begun + 3:  # noqa: ASYNC110 the hub has no event of its own
                await asyncio.sleep(0.02)
    finally:
        await hub.close()
