"""Two `serve` processes on one database and one data folder, for tests in which processes race; and a key to both."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx

from harness import KEYRING, new_tenant, running_server
from program.instances import Instance, http_to
from program.running import running, until


class Pair:
    """The processes, and a client of the same tenant to each."""

    def __init__(self, instances: list[Instance], https: list[httpx.AsyncClient]) -> None:
        self.instances = instances
        self.https = https


@asynccontextmanager
async def pair(database: str, folder: Path) -> AsyncGenerator[Pair]:
    async with AsyncExitStack() as stack:
        key = await _new_key(database)
        instances = await asyncio.gather(*(_started(stack, database, folder, name) for name in ("one", "two")))
        yield Pair(instances, [await stack.enter_async_context(http_to(one, key)) for one in instances])


async def _started(stack: AsyncExitStack, database: str, folder: Path, name: str) -> Instance:
    data = folder / "shared"
    settings: dict[str, Any] = {
        "AGENTPOST_DATABASE_URL": database,
        "AGENTPOST_SECRET_KEY": KEYRING._roots[0].hex(),
        "AGENTPOST_PUBLIC_URL": "https://mail.example",
        "AGENTPOST_DATABASE_CONNECTIONS": "4",
        "AGENTPOST_DATA_DIR": str(data),
    }
    words = ("serve", "--http-port", "0", "--smtp-port", "0")
    program = await stack.enter_async_context(running(*words, data=data, output=folder / name, **settings))
    await until(lambda: "HTTP on port" in program.said or program.process.returncode is not None, 90)
    assert program.process.returncode is None, program.log
    return Instance(program)


async def _new_key(database: str) -> str:
    """An organization in the database; no server stays."""
    async with running_server(database, roles=("api",)) as server, new_tenant(server) as tenant:
        return tenant.organization.live_key
