"""Commit before the answer: whatever a route has written, it answers with success only when that stands."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from agentpost_server.accounts.authenticate import Authenticator
from agentpost_server.db import Database, Tx
from harness import Tenant
from isolation.routes import BODIES, GUARDED
from isolation.world import make_world

_WRITES = re.compile(r"\b(INSERT\s+INTO|UPDATE\s+\w+(\s+\w+)?\s+SET|DELETE\s+FROM)\b")
# Some change nothing when they are asked for an example's sake: a label that stands, a message that is sent.
_FEWEST_WRITERS = 20


class _Failing:
    """Transactions of one organization that have written fail at their end, as when the disk is full at COMMIT."""

    def __init__(self, organization_id: UUID, patched: pytest.MonkeyPatch) -> None:
        self.failed = 0
        writers: set[int] = set()
        real = Database.transaction
        for name in ("rows", "row", "value", "run", "many"):
            patched.setattr(Tx, name, _noting(getattr(Tx, name), writers))

        @asynccontextmanager
        async def transaction(database: Database, wanted: UUID) -> AsyncGenerator[Tx]:
            async with real(database, wanted) as tx:
                writers.discard(id(tx))  # of a former one that lay at the same place
                yield tx
                if wanted == organization_id and id(tx) in writers:
                    self.failed += 1
                    raise OSError("no space left on device")

        patched.setattr(Database, "transaction", transaction)
        patched.setattr(Authenticator, "flush_used", _nothing)  # a chore writes for the organization too


async def _nothing(_: Authenticator) -> None:
    """For once no key is noted as used."""


def _noting(method: Any, writers: set[int]) -> Any:
    async def noted(self: Tx, sql: str, *arguments: object) -> Any:
        if _WRITES.search(sql):
            writers.add(id(self))
        return await method(self, sql, *arguments)

    return noted


async def test_no_route_answers_success_for_what_was_not_committed(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await make_world(tenant)
    writers: set[str] = set()
    for route in (one for one in GUARDED if one.method != "GET"):
        body = BODIES.get(route.path, route.body) if route.body is not None else None
        await tenant.http.get("/auth/me")  # who calls is known for a second: asking for it writes nothing
        with monkeypatch.context() as patched:
            failing = _Failing(tenant.organization.organization_id, patched)
            answer = await tenant.http.request(route.method, route.at(ids), json=body)
            if failing.failed:
                writers.add(f"{route.method} {route.path}")
                assert answer.status_code == 503, (route, answer.text)
    assert len(writers) >= _FEWEST_WRITERS, writers
    for noun in ("inbox", "message", "thread", "webhook", "environment"):
        plural = "inboxes" if noun == "inbox" else f"{noun}s"
        assert (await tenant.http.get(f"/{plural}/{ids[f'{noun}_id']}")).status_code == 200, noun
