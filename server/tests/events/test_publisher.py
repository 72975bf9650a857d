"""The log under writers, publishers and deaths: a reader of "position > last" skips nothing and sees nothing twice."""

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest_asyncio

from agentpost_server.accounts.organizations import create_organization
from agentpost_server.core.scope import Scope
from agentpost_server.db import Database, Tx
from agentpost_server.events import Publisher, Selection, append
from agentpost_server.events.append import NewEvent
from agentpost_server.events.read import rows_after
from agentpost_server.providers.postgres_bus import PostgresBus
from harness import KEYRING

_CHILD = Path(__file__).parent / "publisher_child.py"
_WRITERS, _EACH = 8, 300


@pytest_asyncio.fixture
async def database(quiet_database_url: str) -> AsyncGenerator[Database]:
    opened = await Database.open(quiet_database_url, KEYRING.password, size=12)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def scope(database: Database) -> Scope:
    made = await create_organization(database, "Log")
    return Scope(made.organization_id, made.live_environment_id)


@pytest_asyncio.fixture
async def bus(database: Database) -> AsyncGenerator[PostgresBus]:
    opened = PostgresBus(database.dsn)
    await opened.start()
    yield opened
    await opened.close()


class Reader:
    """Follows the log of one organization as a client does: what stands behind the last position that it saw."""

    def __init__(self, database: Database, scope: Scope) -> None:
        self._database = database
        self._chosen = Selection(organization_id=scope.organization_id, environment_ids=(scope.environment_id,))
        self.seen: list[UUID] = []
        self.last = 0

    async def read(self) -> int:
        async with self._database.transaction(self._chosen.organization_id) as tx:
            rows = await rows_after(tx, self._chosen, self.last, limit=500)
        for row in rows:
            assert row["position"] > self.last
            self.last = row["position"]
            self.seen.append(row["id"])
        return len(rows)

    async def follow(self, count: int, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while len(self.seen) < count:
                if not await self.read():
                    await asyncio.sleep(0.002)


async def _write(database: Database, scope: Scope, written: list[UUID]) -> None:
    for _ in range(_EACH):
        async with database.transaction(scope.organization_id) as tx:
            written += await append(tx, scope, NewEvent(type="thread.created", data={}))
            await asyncio.sleep(random.random() * 0.004)


async def _write_late(database: Database, scope: Scope, written: list[UUID]) -> None:
    """Takes its place in the outbox first and commits two seconds after everybody else's."""
    async with database.transaction(scope.organization_id) as tx:
        written += await append(tx, scope, NewEvent(type="thread.created", data={"late": True}))
        await asyncio.sleep(2)


async def _die(url: str) -> None:
    """A second publisher that is killed in the middle."""
    child = await asyncio.to_thread(
        subprocess.Popen,
        [sys.executable, str(_CHILD), url],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(_CHILD.parents[1]), "PATH": ""},
    )
    assert child.stdout is not None
    assert await asyncio.to_thread(child.stdout.readline) == b"publishing\n"
    await asyncio.sleep(0.3)
    child.send_signal(signal.SIGKILL)
    await asyncio.to_thread(child.wait)


async def test_eight_writers_two_publishers_one_killed_nothing_skipped_nothing_twice(
    database: Database, quiet_database_url: str, scope: Scope, bus: PostgresBus
) -> None:
    reader, written = Reader(database, scope), []
    publisher = Publisher(database, bus, look_seconds=0.01)
    await publisher.start()
    death = asyncio.create_task(_die(quiet_database_url))
    await asyncio.sleep(0.5)
    async with asyncio.TaskGroup() as group:
        group.create_task(_write_late(database, scope, written))
        for _ in range(_WRITERS):
            group.create_task(_write(database, scope, written))
        group.create_task(reader.follow(_WRITERS * _EACH + 1, 20))
    await death
    await asyncio.sleep(0.1)
    await reader.read()
    await publisher.close()
    assert len(written) == _WRITERS * _EACH + 1
    assert len(reader.seen) == len(set(reader.seen))
    assert set(reader.seen) == set(written)


async def test_what_rolled_back_is_never_told(database: Database, scope: Scope, bus: PostgresBus) -> None:
    reader, publisher = Reader(database, scope), Publisher(database, bus)
    try:
        async with database.transaction(scope.organization_id) as tx:
            await append(tx, scope, NewEvent(type="thread.created", data={}))
            raise KeyError
    except KeyError:
        pass
    while await publisher.publish():
        pass
    assert await reader.read() == 0


async def test_consumers_share_the_publications_transaction(database: Database, scope: Scope, bus: PostgresBus) -> None:
    """A consumer that fails takes the publication back: the events wait, in order, for the next try."""
    calls: list[tuple[int, int]] = []

    async def consume(_tx: Tx, after: int, until: int) -> None:
        calls.append((after, until))
        if len(calls) == 1:
            raise KeyError("not this time")

    heard: list[int] = []
    reader, publisher = Reader(database, scope), Publisher(database, bus, consumers=[consume], heard=[heard.append])
    async with database.transaction(scope.organization_id) as tx:
        written = await append(tx, scope, *(NewEvent(type="thread.created", data={}) for _ in range(5)))
    for _ in range(2):
        try:
            await publisher.publish()
        except KeyError:
            assert (await reader.read(), heard) == (0, [])
    await reader.read()
    assert calls[0] == calls[1]
    assert calls[1][1] - calls[1][0] == 5
    assert heard == [calls[1][1]]
    assert reader.seen == written


async def test_moving_a_batch_costs_a_batch_however_full_the_outbox_is(
    database: Database, scope: Scope, quiet_database_url: str
) -> None:
    """The plan of the move walks the index from its left end; it never scans or sorts the outbox."""
    async with database.routing() as tx:
        await tx.value("SELECT router.lock_log()")
        moved = await tx.row("SELECT * FROM router.move_outbox(2000)")
        assert moved is not None
    admin = await asyncpg.connect(quiet_database_url, server_settings={"search_path": "agentpost"})
    try:
        await admin.execute("SET ROLE agentpost_router; SET enable_seqscan = off")
        plan = await admin.fetch(
            """EXPLAIN DELETE FROM event_outbox
               WHERE ordinal = ANY (ARRAY(SELECT ordinal FROM event_outbox ORDER BY ordinal LIMIT 2000))"""
        )
        text = "\n".join(row[0] for row in plan)
        config = await admin.fetchval("SELECT proconfig::text FROM pg_proc WHERE proname = 'move_outbox'")
    finally:
        await admin.close()
    assert text.count("event_outbox_order") >= 2
    assert "Seq Scan" not in text
    assert "Sort" not in text
    assert "enable_seqscan=off" in config
