"""A server without workers in a database of its own: the test turns the crank, and scripts what providers answer."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from databases import new_database
from harness import Server, new_tenant, running_server
from outbound.bench import Bench


@pytest_asyncio.fixture(scope="session")
async def idle(postgres: str) -> AsyncGenerator[Server]:
    url = await new_database(postgres, "idle")
    async with running_server(url, roles=("api",)) as running:
        yield running


@pytest_asyncio.fixture
async def bench(idle: Server) -> AsyncGenerator[Bench]:
    """A tenant whose mail goes by the scripted transport."""
    async with new_tenant(idle) as tenant:
        made = Bench(idle, tenant)
        for one in (await tenant.http.get("/environments")).json()["data"]:
            await tenant.http.patch(f"/environments/{one['id']}", json={"transport": "smtp"})
        yield made
        # Nothing of it may be claimed by the tests that follow.
        await made.sql("UPDATE transmissions SET due_at = NULL")
