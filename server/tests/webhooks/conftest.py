"""A database in which only the test itself publishes and delivers."""

from collections.abc import AsyncGenerator, AsyncIterator

import pytest
import pytest_asyncio

from databases import new_database
from harness import Server, running_server
from webhooks.receiving import Receiver, listening


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as one:
        yield one


@pytest_asyncio.fixture(scope="session")
async def quiet_database(postgres: str) -> str:
    return await new_database(postgres, "hooks")


@pytest_asyncio.fixture(scope="session")
async def server(quiet_database: str) -> AsyncGenerator[Server]:
    """Takes the place of the shared one: it serves the API alone."""
    async with running_server(quiet_database, ("api",)) as running:
        yield running
