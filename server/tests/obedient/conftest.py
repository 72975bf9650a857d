"""A server whose mail really leaves, by SMTP, to a world that keeps all of it."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

import pytest_asyncio

from databases import new_database
from harness import Server, running_server
from obedient.outside import Outside, outside


class Place(NamedTuple):
    server: Server
    out: Outside


@pytest_asyncio.fixture(scope="module")
async def place(postgres: str) -> AsyncGenerator[Place]:
    url = await new_database(postgres, "obedient")
    async with (
        outside() as out,
        running_server(url, relay_url=f"smtp://127.0.0.1:{out.smtp_port}", relay_tls="none") as server,
    ):
        yield Place(server, out)
