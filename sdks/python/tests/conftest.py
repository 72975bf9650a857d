"""Both clients against a real server, each test with a tenant of its own."""

from collections.abc import AsyncGenerator, Generator
from typing import TypeVar

import pytest
import pytest_asyncio

from agentpost import AgentPost, AsyncAgentPost
from harness import Tenant

T = TypeVar("T")


@pytest.fixture
def sync_client(tenant: Tenant) -> Generator[AgentPost]:
    """With the sandbox key: what it sends stays on this machine, and the simulated outside answers."""
    with AgentPost(tenant.organization.test_key, base_url=tenant.server.url) as client:
        yield client


@pytest_asyncio.fixture
async def client(tenant: Tenant) -> AsyncGenerator[AsyncAgentPost]:
    async with AsyncAgentPost(tenant.organization.test_key, base_url=tenant.server.url) as made:
        yield made
