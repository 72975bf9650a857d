"""One story for each file of shapes."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from contract.story import Story, told_story
from harness import Server


@pytest_asyncio.fixture(scope="module")
async def story(server: Server) -> AsyncGenerator[Story]:
    async with told_story(server) as made:
        yield made
