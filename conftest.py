"""Fixtures of every test, the server's and the clients': one PostgreSQL a run, one server a worker, one tenant a test.

Nothing is cleaned up: each test has a tenant of its own, so every test also tests isolation.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
import uvloop
from filelock import FileLock
from hypothesis import settings

from databases import new_database
from harness import Server, Tenant, new_tenant, running_server

# The same examples in every run: what was green stays green. AGENTPOST_TEST_EXPLORE=1 draws fresh ones.
settings.register_profile("check", derandomize=True)
settings.register_profile("explore", max_examples=1000)
settings.load_profile("explore" if os.environ.get("AGENTPOST_TEST_EXPLORE") else "check")


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
            str(Path(__file__).parent / "server/tests/postgres_for_tests.py"),
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
async def database_url(postgres: str) -> str:
    """A migrated database of this worker alone."""
    return await new_database(postgres, "test")


@pytest_asyncio.fixture
async def own_database(postgres: str) -> str:
    """A migrated database of this test alone: for a server that works by other settings than `server`."""
    return await new_database(postgres, "own")


@pytest_asyncio.fixture(scope="session")
async def server(database_url: str) -> AsyncGenerator[Server]:
    async with running_server(database_url) as running:
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
