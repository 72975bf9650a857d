"""Lanes: fair between organizations, one holder a row, and a way back for what was not settled."""

from collections import Counter
from uuid import UUID

import pytest_asyncio

from agentpost_server.core import ids
from agentpost_server.db import Database
from agentpost_server.work import Claimed, Lane
from databases import new_database
from harness import KEYRING


@pytest_asyncio.fixture
async def database(postgres: str):
    opened = await Database.open(await new_database(postgres, "lane"), KEYRING.password, size=4)
    yield opened
    await opened.close()


async def _nothing(_: list[Claimed]) -> None:
    raise AssertionError("the test claims by hand")


def _lane(database: Database, batch: int, per_organization: int = 5, lease_seconds: int = 60) -> Lane:
    return Lane(
        "test",
        "inbound_mails",
        _nothing,
        database=database,
        batch=batch,
        per_organization=per_organization,
        lease_seconds=lease_seconds,
    )


async def _add_work(database: Database, organization_id: UUID, rows: int) -> None:
    async with database.work([organization_id]) as tx:
        await tx.run(
            """INSERT INTO inbound_mails (organization_id, id, environment_id, inbox_id, mail_from, rcpt_to, source,
                 size, received_at)
               SELECT $1, gen_random_uuid(), $1, $1, '', '{}', 'smtp', 1, now() FROM generate_series(1, $2)""",
            organization_id,
            rows,
        )


async def test_a_backlog_of_one_organization_delays_no_other(database: Database) -> None:
    busy, *others = [ids.new_id() for _ in range(5)]
    await _add_work(database, busy, 500)
    for one in others:
        await _add_work(database, one, 5)
    claimed = await _lane(database, batch=50).claim()
    assert Counter(one.organization_id for one in claimed) == dict.fromkeys([busy, *others], 5)


async def test_with_more_organizations_than_a_batch_holds_each_has_its_turn(database: Database) -> None:
    organizations = [ids.new_id() for _ in range(12)]
    for one in organizations:
        await _add_work(database, one, 20)
    lane = _lane(database, batch=5, per_organization=1)
    claims = [await lane.claim() for _ in range(12)]
    served = Counter(one.organization_id for claimed in claims for one in claimed)
    assert set(served) == set(organizations)
    assert max(served.values()) - min(served.values()) <= 1


async def test_a_row_has_one_holder_until_its_lease_ends(database: Database) -> None:
    organization_id = ids.new_id()
    await _add_work(database, organization_id, 3)
    first = await _lane(database, batch=10, lease_seconds=0).claim()
    assert [one.attempts for one in first] == [1, 1, 1]
    second = await _lane(database, batch=10).claim()
    assert {one.id for one in second} == {one.id for one in first}
    assert [one.attempts for one in second] == [2, 2, 2]
    assert await _lane(database, batch=10).claim() == []
