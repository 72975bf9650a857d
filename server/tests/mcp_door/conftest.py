"""The official client against `/mcp`, in the era that a test asks for."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from harness import Tenant

ERAS = ["legacy", "2026-07-28"]
Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def connect(tenant: Tenant) -> Connect:
    """`async with connect(era) as client`: with the sandbox key, or another one."""

    @asynccontextmanager
    async def connected(era: str = "2026-07-28", key: str | None = None, query: str = "") -> AsyncGenerator[Client]:
        headers = {"authorization": f"Bearer {key or tenant.organization.test_key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            transport = streamable_http_client(f"{tenant.server.url}/mcp{query}", http_client=http)
            async with Client(transport, mode=era) as client:
                yield client

    return connected


def data(result: Any) -> dict[str, Any]:
    assert not result.is_error, result.content[0].text
    return result.structured_content
