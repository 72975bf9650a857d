"""What /metrics says of the work that waits: every work table is counted, and only what is due."""

import pytest_asyncio

from agentpost_server.accounts.organizations import create_organization
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db import Database
from agentpost_server.domains import count_by_status
from agentpost_server.work import backlog
from databases import new_database
from harness import KEYRING


@pytest_asyncio.fixture
async def database(postgres: str):
    opened = await Database.open(await new_database(postgres, "backlog"), KEYRING.password, size=2)
    yield opened
    await opened.close()


async def _add_domain(database: Database, scope: Scope, name: str, status: str, due_in_seconds: int | None) -> None:
    async with database.transaction(scope.organization_id) as tx:
        await tx.run(
            """INSERT INTO domains (organization_id, environment_id, id, domain, status, due_at)
               VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))""",
            *(scope.organization_id, scope.environment_id, ids.new_id(), name, status, due_in_seconds),
        )


async def test_every_kind_is_counted_and_only_what_is_due(database: Database) -> None:
    nothing = await backlog(database)
    kinds = {"inbound_mails", "transmissions", "webhook_deliveries", "domains", "provider_mails"}
    assert nothing == dict.fromkeys(kinds, 0)
    for number in range(2):
        made = await create_organization(database, f"Org {number}")
        scope = Scope(made.organization_id, made.live_environment_id)
        await _add_domain(database, scope, "due.example", "pending", -5)
        await _add_domain(database, scope, "later.example", "failed", 600)
        await _add_domain(database, scope, "asleep.example", "verified", None)
    await database.route(
        "SELECT router.keep_provider_mail('ses', 'm1', '{a@x.example}', '{unrouted}', '{NULL}', '', '', 's3:k', now())"
    )
    assert await backlog(database) == {**nothing, "domains": 2}, "unrouted mail waits a minute before its next try"
    assert await count_by_status(database) == {"pending": 2, "failed": 2, "verified": 2}
