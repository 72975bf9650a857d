"""A server of its own, whose DNS is the tests' own: no other server's worker may look at these domains."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

import pytest_asyncio

from databases import new_database
from dns_server import NameServer, name_server
from domains.living import Owner
from harness import Server, new_tenant, running_server


class House(NamedTuple):
    server: Server
    names: NameServer


@pytest_asyncio.fixture(scope="session")
async def house(postgres: str) -> AsyncGenerator[House]:
    url = await new_database(postgres, "domains")
    async with (
        name_server() as names,
        running_server(url, dns_servers=names.address, smtp_hostname="mx.agentpost.test") as server,
    ):
        yield House(server, names)


@pytest_asyncio.fixture
async def owner(house: House) -> AsyncGenerator[Owner]:
    async with new_tenant(house.server) as tenant:
        yield Owner(tenant, house.names)


@pytest_asyncio.fixture
async def rival(house: House) -> AsyncGenerator[Owner]:
    """Another organization on the same server."""
    async with new_tenant(house.server) as tenant:
        yield Owner(tenant, house.names)
