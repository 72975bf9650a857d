"""What /metrics says of the work that waits: every work table is counted, and only what is due."""

import asyncpg
import httpx2 as httpx
import pytest_asyncio

from agentpost_server.accounts.organizations import create_organization
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db import Database
from agentpost_server.domains import count_by_status
from agentpost_server.work import backlog
from databases import new_database
from harness import KEYRING, running_server


@pytest_asyncio.fixture
async def admin_url(postgres: str) -> str:
    return await new_database(postgres, "backlog")


@pytest_asyncio.fixture
async def database(admin_url: str):
    opened = await Database.open(admin_url, KEYRING.password, size=2)
    yield opened
    await opened.close()


async def _add_domain(database: Database, scope: Scope, name: str, status: str, due_in_seconds: int | None) -> None:
    async with database.transaction(scope.organization_id) as tx:
        await tx.run(
            """INSERT INTO domains (organization_id, environment_id, id, domain, status, due_at)
               VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))""",
            *(scope.organization_id, scope.environment_id, ids.new_id(), name, status, due_in_seconds),
        )


async def _add_unrouted(admin_url: str, due_in_seconds: int) -> None:
    admin = await asyncpg.connect(admin_url)
    await admin.execute(
        """INSERT INTO agentpost.provider_mails (source, provider_id, recipient, outcome, mail_from, received_at,
             due_at)
           VALUES ('ses', $1, 'a@x.example', 'unrouted', '', now(), now() + make_interval(secs => $2))""",
        *(str(ids.new_id()), due_in_seconds),
    )
    await admin.close()


async def _work_tables(admin_url: str) -> set[str]:
    """Every table with work: whoever makes another one is told here that nobody counts it."""
    admin = await asyncpg.connect(admin_url)
    rows = await admin.fetch(
        """SELECT table_name FROM information_schema.columns
           JOIN information_schema.tables USING (table_schema, table_name)
           WHERE table_schema = 'agentpost' AND column_name = 'due_at' AND table_type = 'BASE TABLE'"""
    )
    await admin.close()
    return {row["table_name"] for row in rows}


async def _add_notice(database: Database, scope: Scope, due_in_seconds: int | None) -> None:
    async with database.transaction(scope.organization_id) as tx:
        await tx.run(
            """INSERT INTO notices (organization_id, environment_id, id, kind, about, email, due_at)
               VALUES ($1, $2, $3, 'approval', $3, 'a@x.example', now() + make_interval(secs => $4))""",
            *(scope.organization_id, scope.environment_id, ids.new_id(), due_in_seconds),
        )


async def test_every_kind_is_counted_and_only_what_is_due(admin_url: str, database: Database) -> None:
    nothing = await backlog(database)
    assert nothing == dict.fromkeys(await _work_tables(admin_url), 0)
    for number in range(2):
        made = await create_organization(database, f"Org {number}")
        scope = Scope(made.organization_id, made.live_environment_id)
        await _add_domain(database, scope, "due.example", "pending", -5)
        await _add_domain(database, scope, "later.example", "failed", 600)
        await _add_domain(database, scope, "asleep.example", "verified", None)
        for seconds in (-5, 600, None):
            await _add_notice(database, scope, seconds)
    for seconds in (-5, 600):
        await _add_unrouted(admin_url, due_in_seconds=seconds)
    assert await backlog(database) == {**nothing, "domains": 2, "provider_mails": 1, "notices": 2}
    assert await count_by_status(database) == {"pending": 2, "failed": 2, "verified": 2}


async def test_metrics_tell_both(database: Database) -> None:
    async with running_server(database.dsn) as server:
        made = await create_organization(server.database, "Told")
        scope = Scope(made.organization_id, made.live_environment_id)
        await _add_domain(server.database, scope, "failed.example", "failed", None)
        await server.process._measure()  # pyright: ignore[reportPrivateUsage]
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
            text = (await http.get("/metrics")).text
    assert 'agentpost_work_due{kind="domains"}' in text
    assert 'agentpost_work_due{kind="provider_mails"}' in text
    assert 'agentpost_domains{status="failed"} 1.0' in text
    assert 'agentpost_domains{status="verified"} 0.0' in text
