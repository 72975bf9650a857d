"""Servers that share a Redis: one limit for all of them, and nothing but exactness lost when it goes away."""

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2 as httpx
import pytest
import pytest_asyncio

from agentpost_server.providers import redis_tally
from harness import Server, client, new_tenant, running_server
from redis_server import RedisServer, needs_redis, redis_server

pytestmark = needs_redis
_LIMIT = 30


@pytest_asyncio.fixture
async def redis(tmp_path: Path) -> AsyncGenerator[RedisServer]:
    async with redis_server(tmp_path) as running:
        yield running


@pytest_asyncio.fixture
async def two(own_database: str, redis: RedisServer) -> AsyncGenerator[tuple[Server, Server]]:
    settings = {"redis_url": redis.url, "requests_per_minute": _LIMIT, "database_connections": 3}
    async with (
        running_server(own_database, **settings) as first,
        running_server(own_database, roles=("api",), **settings) as second,
    ):
        yield first, second


async def readiness(server: Server) -> tuple[int, str, str]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        answer = await http.get("/readyz")
        return answer.status_code, answer.json()["status"], answer.json()["checks"]["redis"]


async def until_it_says(server: Server, told: tuple[int, str, str]) -> None:
    async with asyncio.timeout(15):
        while await readiness(server) != told:  # noqa: ASYNC110 it looks by itself
            await asyncio.sleep(0.1)


async def this_minute() -> None:
    """The window is the clock's minute: a test must not be cut by its end."""
    if (left := 60 - time.time() % 60) < 10:
        await asyncio.sleep(left)


async def test_a_limit_holds_over_both(two: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_tally, "_PATIENCE_SECONDS", 10)
    await this_minute()
    async with new_tenant(two[0]) as tenant, client(two[1], tenant.organization.live_key) as there:
        both = (tenant.http, there)
        answers = await asyncio.gather(*(both[n % 2].get("/inboxes") for n in range(_LIMIT + 10)))
    codes = [one.status_code for one in answers]
    assert (codes.count(200), codes.count(429)) == (_LIMIT, 10)
    told = sorted(int(one.headers["RateLimit-Remaining"]) for one in answers)
    assert told == [0] * 10 + list(range(_LIMIT))
    refused = next(one for one in answers if one.status_code == 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert refused.json()["code"] == "rate_limited"


async def test_without_redis_it_is_degraded_and_serves(two: tuple[Server, Server], redis: RedisServer) -> None:
    first, second = two
    await until_it_says(first, (200, "ready", "ok"))
    await redis.stop()
    await until_it_says(second, (200, "degraded", "ConnectionError"))
    await this_minute()
    async with new_tenant(first) as tenant, client(second, tenant.organization.live_key) as there:
        codes = [(await http.get("/inboxes")).status_code for http in (tenant.http, there) for _ in range(_LIMIT + 1)]
    assert codes == ([200] * _LIMIT + [429]) * 2
    async with httpx.AsyncClient(base_url=first.url, trust_env=False) as http:
        assert "agentpost_ready 1.0" in (await http.get("/metrics")).text
    await redis.start()
    for server in two:
        await until_it_says(server, (200, "ready", "ok"))
