"""What the tests of the log share: a database without another publisher, and events made and published."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from filelock import FileLock

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db.migrate import migrate
from agentpost_server.events.append import NewEvent, append
from harness import KEYRING, Tenant

Happen = Callable[..., Awaitable[list[str]]]


@pytest_asyncio.fixture(scope="module")
async def quiet_database_url(postgres: str, worker_id: str) -> str:
    """A database that no server of the test run publishes in."""
    name = f"log_{worker_id}_{os.getpid()}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f'CREATE DATABASE "{name}"')
    await admin.close()
    head, _, query = postgres.partition("?")
    url = f"{head.rpartition('/')[0]}/{name}?{query}"
    lock = FileLock(str(Path(tempfile.gettempdir()) / "agentpost-tests-roles.lock"))
    await asyncio.to_thread(lock.acquire)
    try:
        await migrate(url, KEYRING.password)
    finally:
        lock.release()
    return url


def scope_of(tenant: Tenant, *, sandbox: bool = False) -> Scope:
    made = tenant.organization
    return Scope(made.organization_id, made.test_environment_id if sandbox else made.live_environment_id)


@pytest.fixture
def happen() -> Happen:
    """`await happen(tenant, "inbox.created", inbox_id=…, times=3)` -> ids of published events, in order."""

    async def happen_(
        tenant: Tenant,
        type_: str = "thread.created",
        *,
        inbox_id: UUID | None = None,
        times: int = 1,
        sandbox: bool = False,
    ) -> list[str]:
        scope = scope_of(tenant, sandbox=sandbox)
        news = [NewEvent(type=type_, inbox_id=inbox_id, data={"n": n, "text": "ä\n"}) for n in range(times)]
        async with tenant.server.database.transaction(scope.organization_id) as tx:
            made = await append(tx, scope, *news)
        last = ids.encode("evt", made[-1])
        http: Any = tenant.sandbox if sandbox else tenant.http
        for _ in range(200):
            if (await http.get(f"/events/{last}")).status_code == 200:
                return [ids.encode("evt", one) for one in made]
            await asyncio.sleep(0.01)
        raise AssertionError("the event was not published within two seconds")

    return happen_
