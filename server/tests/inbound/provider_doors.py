"""A server with a provider's door open, and how to knock."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2 as httpx

from harness import API, Server, new_tenant, running_server
from inbound.mailing import Inbox, new_inbox


class Opened(NamedTuple):
    server: Server
    http: httpx.AsyncClient
    inbox: Inbox


@asynccontextmanager
async def serving(database_url: str, folder: Path, **settings: Any) -> AsyncGenerator[Server]:
    """A server that takes mail of 100,000 octets at most."""
    bounds: dict[str, Any] = {"mail_authentication": "off", "max_receive_octets": 100_000}
    async with running_server(database_url, folder, **bounds, **settings) as one:
        yield one


@asynccontextmanager
async def knocking(server: Server) -> AsyncGenerator[Opened]:
    """A client without a key, and an inbox."""
    async with (
        httpx.AsyncClient(base_url=server.url + API + "/inbound", timeout=30, trust_env=False) as http,
        new_tenant(server) as tenant,
    ):
        yield Opened(server, http, await new_inbox(tenant))


@asynccontextmanager
async def opened(database_url: str, folder: Path, **settings: Any) -> AsyncGenerator[Opened]:
    """Both, for one test alone."""
    async with serving(database_url, folder, **settings) as server, knocking(server) as one:
        yield one


async def nothing_came(inbox: Inbox) -> None:
    assert await inbox.rows("SELECT id FROM inbound_mails WHERE inbox_id = $1") == []
    assert await inbox.rows("SELECT id FROM messages WHERE inbox_id = $1") == []
