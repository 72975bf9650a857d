"""A server without workers in a database of its own: the test turns the crank, and scripts what providers answer."""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from filelock import FileLock

from agentpost_server.db.migrate import migrate
from harness import KEYRING, Server, new_tenant, running_server
from outbound.bench import Bench

NewDatabase = Callable[[str], Awaitable[str]]


@pytest.fixture(scope="session")
def new_database(postgres: str, worker_id: str) -> NewDatabase:
    """`await new_database("idle")` -> the URL of a migrated database that no other server of the run works on."""

    async def make(purpose: str) -> str:
        name = f"{purpose}_{worker_id}_{os.getpid()}"
        admin = await asyncpg.connect(postgres)
        await admin.execute(f'CREATE DATABASE "{name}"')
        await admin.close()
        head, _, query = postgres.partition("?")
        url = f"{head.rpartition('/')[0]}/{name}?{query}"
        # Taken in a thread and released here: the lock must not count by thread.
        lock = FileLock(str(Path(tempfile.gettempdir()) / "agentpost-tests-roles.lock"), thread_local=False)
        await asyncio.to_thread(lock.acquire)
        try:
            await migrate(url, KEYRING.password)
        finally:
            lock.release()
        return url

    return make


@pytest_asyncio.fixture(scope="session")
async def idle(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Server]:
    async with running_server(await new_database("idle"), tmp_path_factory.mktemp("idle"), roles=("api",)) as running:
        yield running


@pytest_asyncio.fixture
async def bench(idle: Server) -> AsyncGenerator[Bench]:
    """A tenant whose mail goes by the scripted transport."""
    async with new_tenant(idle) as tenant:
        for one in (await tenant.http.get("/environments")).json()["data"]:
            await tenant.http.patch(f"/environments/{one['id']}", json={"transport": "smtp"})
        made = Bench(idle, tenant)
        yield made
        # Nothing of it may be claimed by the tests that follow.
        await made.sql("UPDATE transmissions SET due_at = NULL")
