"""A Redis for each test: it may be stopped, and what one test counts is not there for the next."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from redis_server import RedisServer, redis_server


@pytest_asyncio.fixture
async def redis(tmp_path: Path) -> AsyncGenerator[RedisServer]:
    async with redis_server(tmp_path) as running:
        yield running
