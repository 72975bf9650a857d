"""The network of one test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from providers.direct.network import Network
from providers.scripted_peer import envelope_to, start_peer

__all__ = ["envelope_to", "net", "start_peer"]


@pytest_asyncio.fixture
async def net() -> AsyncIterator[Network]:
    made = Network()
    yield made
    for transport in made.opened:
        await transport.close()
