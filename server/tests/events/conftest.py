"""What the tests of the publisher stand on: a database in which no server of the test run publishes."""

import pytest_asyncio

from databases import new_database


@pytest_asyncio.fixture(scope="module")
async def quiet_database_url(postgres: str) -> str:
    return await new_database(postgres, "log")
