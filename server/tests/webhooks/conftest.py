"""A database in which only the test itself publishes and delivers."""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from filelock import FileLock

from agentpost_server.db.migrate import migrate
from harness import KEYRING, Server, running_server
from webhooks.receiving import Receiver, listening


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as one:
        yield one


@pytest_asyncio.fixture(scope="session")
async def quiet_database(postgres: str, worker_id: str) -> str:
    name = f"hooks_{worker_id}_{os.getpid()}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f'CREATE DATABASE "{name}"')
    await admin.close()
    head, _, query = postgres.partition("?")
    url = f"{head.rpartition('/')[0]}/{name}?{query}"
    lock = FileLock(str(Path(tempfile.gettempdir()) / "agentpost-tests-roles.lock"))
    await asyncio.to_thread(lock.acquire)
    try:
        await migrate(url, KEYRING.password)
    finally:
        lock.release()
    return url


@pytest_asyncio.fixture(scope="session")
async def server(quiet_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Server]:
    """Takes the place of the shared one: it serves the API alone."""
    async with running_server(quiet_database, tmp_path_factory.mktemp("hooks"), ("api",)) as running:
        yield running
