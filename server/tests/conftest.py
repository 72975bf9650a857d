"""Fixtures of every test: one PostgreSQL a run, one server a worker, one organization a test.

Nothing is cleaned up: each test has a tenant of its own, so every test also tests isolation.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
import uvloop
from filelock import FileLock

from agentpost_server.db.migrate import migrate
from harness import KEYRING, Server, Tenant, new_tenant, running_server


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the server runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """The administrative URL of a PostgreSQL that ends with the test run (the xdist controller, or this process)."""
    if given := os.environ.get("AGENTPOST_TEST_DATABASE_URL"):
        return given
    shared = tmp_path_factory.getbasetemp().parent if worker_id != "master" else tmp_path_factory.getbasetemp()
    with FileLock(str(shared / "postgres.lock")):
        note = shared / "postgres.url"
        if not note.exists():
            note.write_text(_start_postgres())
        return note.read_text()


def _start_postgres() -> str:
    """In a child that watches the run's first process: every worker uses it, none owns it."""
    owner = os.getppid() if os.environ.get("PYTEST_XDIST_WORKER") else os.getpid()
    child = subprocess.Popen(
        [
            sys.executable,
            str(Path(__file__).parent / "postgres_for_tests.py"),
            str(owner),
            tempfile.mkdtemp(prefix="agentpost-tests-"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    url = child.stdout.readline().strip()
    assert url.startswith("postgresql://"), "PostgreSQL for the tests did not start"
    return url


@pytest_asyncio.fixture(scope="session")
async def database_url(postgres: str, worker_id: str) -> str:
    """A migrated database of this worker alone."""
    name = f"test_{worker_id}_{os.getpid()}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f'CREATE DATABASE "{name}"')
    await admin.close()
    head, _, query = postgres.partition("?")
    url = f"{head.rpartition('/')[0]}/{name}?{query}"
    await _migrate_in_turn(url)
    return url


async def _migrate_in_turn(url: str) -> None:
    """Roles are the cluster's: two workers that make them at once collide."""
    lock = FileLock(str(Path(tempfile.gettempdir()) / "agentpost-tests-roles.lock"))
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except TimeoutError:
            await asyncio.sleep(0.05)
    try:
        await migrate(url, KEYRING.password)
    finally:
        lock.release()


@pytest_asyncio.fixture(scope="session")
async def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Server]:
    async with running_server(database_url, tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest_asyncio.fixture
async def tenant(server: Server) -> AsyncGenerator[Tenant]:
    async with new_tenant(server) as made:
        yield made


@pytest_asyncio.fixture
async def stranger(server: Server) -> AsyncGenerator[Tenant]:
    """Another organization on the same server, who must never see anything of `tenant`."""
    async with new_tenant(server) as made:
        yield made
