"""What every bus must do: one suite, run on PostgreSQL and on a real Redis."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest
import pytest_asyncio

from agentpost_server.db import Database
from agentpost_server.ports.bus import Bus
from agentpost_server.providers.postgres_bus import PostgresBus
from agentpost_server.providers.redis_bus import RedisBus
from databases import new_database
from harness import KEYRING
from redis_server import needs_redis, redis_server


class Pair(NamedTuple):
    """Two processes' ends of one bus, and how to cut both off for a moment."""

    here: Bus
    there: Bus
    cut: Callable[[], Awaitable[None]]


@pytest_asyncio.fixture(params=["postgres", pytest.param("redis", marks=needs_redis)])
async def pair(request: pytest.FixtureRequest, postgres: str, tmp_path: Path) -> AsyncGenerator[Pair]:
    async with AsyncExitStack() as stack:
        made = await (_over_postgres(postgres) if request.param == "postgres" else _over_redis(stack, tmp_path))
        for bus in (made.here, made.there):
            await bus.start()
            stack.push_async_callback(bus.close)
        yield made


async def _over_postgres(postgres: str) -> Pair:
    url = await new_database(postgres, "bus")
    database = await Database.open(url, KEYRING.password, size=1)
    await database.close()

    async def cut() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'agentpost bus'"
            " AND datname = current_database()"
        )
        await connection.close()

    return Pair(PostgresBus(database.dsn), PostgresBus(database.dsn), cut)


async def _over_redis(stack: AsyncExitStack, folder: Path) -> Pair:
    server = await stack.enter_async_context(redis_server(folder))

    async def cut() -> None:
        await server.stop()
        await server.start()

    return Pair(RedisBus(server.url), RedisBus(server.url), cut)


class Heard:
    """What a listener was told."""

    def __init__(self, bus: Bus, topic: str) -> None:
        self.texts: list[str] = []
        self.stop = bus.subscribe(topic, self.texts.append)

    async def wait(self, text: str, seconds: float = 5) -> None:
        async with asyncio.timeout(seconds):
            while text not in self.texts:  # noqa: ASYNC110 a list has no event
                await asyncio.sleep(0.002)


async def test_a_ring_is_heard_here_and_there_by_its_topic_alone(pair: Pair) -> None:
    mine, theirs, other = Heard(pair.here, "work"), Heard(pair.there, "work"), Heard(pair.there, "rest")
    pair.here.publish("work", "7 words with spaces")
    await mine.wait("7 words with spaces")
    await theirs.wait("7 words with spaces")
    pair.there.publish("work")
    await mine.wait("")
    await asyncio.sleep(0.05)
    assert set(mine.texts) == set(theirs.texts) == {"7 words with spaces", ""}
    assert other.texts == []


async def test_a_ring_is_quick(pair: Pair) -> None:
    theirs = Heard(pair.there, "work")
    times: list[float] = []
    for number in range(20):
        begun = time.monotonic()
        pair.here.publish("work", str(number))
        await theirs.wait(str(number))
        times.append(time.monotonic() - begun)
    assert sorted(times)[10] < 0.1


async def test_a_thousand_rings_are_few_and_the_last_is_among_them(pair: Pair) -> None:
    theirs = Heard(pair.there, "work")
    for number in range(1000):
        pair.here.publish("work", str(number))
    await theirs.wait("999")
    assert len(theirs.texts) < 10


async def test_four_thousand_octets_arrive_whole(pair: Pair) -> None:
    theirs = Heard(pair.there, "work")
    pair.here.publish("work", "é" * 2000)
    await theirs.wait("é" * 2000)


async def test_who_stops_hears_no_more_and_may_stop_twice(pair: Pair) -> None:
    gone, stays = Heard(pair.there, "work"), Heard(pair.there, "work")
    gone.stop()
    gone.stop()
    pair.here.publish("work", "a")
    await stays.wait("a")
    assert gone.texts == []


async def test_a_listener_that_fails_takes_no_ring_from_the_others(pair: Pair) -> None:
    def fail(_text: str) -> None:
        raise RuntimeError("a listener's own fault")

    for bus in pair[:2]:
        bus.subscribe("work", fail)
    mine, theirs = Heard(pair.here, "work"), Heard(pair.there, "work")
    for text in ("a", "b"):
        pair.here.publish("work", text)
        await mine.wait(text)
        await theirs.wait(text)


async def test_after_an_absence_everybody_looks_and_rings_go_round_again(pair: Pair) -> None:
    mine, theirs = Heard(pair.here, "work"), Heard(pair.there, "rest")
    await pair.here.check()
    await pair.cut()
    pair.here.publish("work", "perhaps lost")
    await mine.wait("", 10)
    await theirs.wait("", 10)
    await pair.there.check()
    pair.here.publish("rest", "again")
    await theirs.wait("again")


async def test_closing_ends_it(pair: Pair) -> None:
    await pair.there.close()
    before = len(asyncio.all_tasks())
    pair.here.publish("work", "nobody is there")
    await asyncio.sleep(0.05)
    await pair.here.close()
    assert len(asyncio.all_tasks()) < before
