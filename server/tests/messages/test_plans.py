"""One organization with a million messages beside others: every list filter and search stays on its index.

Planned and run as the api role with row-level security on: its policies, and operators that are not leakproof, are what
breaks plans. A database of its own: nobody else's test should meet these rows.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from agentpost_server.core import ids
from agentpost_server.core.ids import encode
from agentpost_server.core.scope import Scope
from agentpost_server.leases import store as lease_store
from agentpost_server.messages import store, store_labels, store_search, store_threads
from agentpost_server.messages.listing import HIGHEST, Filters, walk_of
from agentpost_server.messages.threads import _LAST
from agentpost_server.messages.words import words_of
from databases import drop_database, new_database

NOISE, INBOXES = 40_000, 10
BIG = {"messages", "message_facets", "message_contents", "threads", "attachments", "recipients"}

_NUMBERS = "FROM generate_series(0::bigint, $3::bigint - 1) AS n"


def _id(number: str) -> str:
    """One message a second; a thread has the number of its first message, as a UUIDv7 of its second."""
    milliseconds = f"1700000000000 + ({number}) * 1000"
    return f"(lpad(to_hex({milliseconds}), 12, '0') || '70008000' || lpad(to_hex({number}), 12, '0'))::uuid"


# Three messages a thread, all of one inbox; the older half of all is handled.
_THREAD, _INBOX = _id("n - n % 3"), f"($4::uuid[])[1 + n / 3 % {INBOXES}]"
_HEX = "replace(({})::text, '-', '')"
_LOAD = (
    "INSERT INTO organizations (organization_id, name) VALUES ($1, 'o')",
    "INSERT INTO environments (organization_id, id, name, slug, kind) VALUES ($1, $2, 'd', 'd', 'live')",
    """INSERT INTO inboxes (organization_id, environment_id, id, email, username, domain)
       SELECT $1, $2, i, i::text, i::text, 'x' FROM unnest($4::uuid[]) AS i""",
    f"""INSERT INTO threads (organization_id, environment_id, id, inbox_id, subject, last_message_at, labels,
          message_count)
        SELECT $1, $2, {_THREAD}, {_INBOX}, 's', to_timestamp(1700000002 + n), '{{received}}',
          CASE WHEN n % 300 = 0 THEN 0 ELSE 3 END {_NUMBERS}
        WHERE n % 3 = 0""",
    f"""INSERT INTO messages (organization_id, environment_id, id, inbox_id, thread_id, direction, status,
          message_id_header, subject, from_address, size, trust, labels, handled_at)
        SELECT $1, $2, {_id("n")}, {_INBOX}, {_THREAD}, 'inbound', CASE n % 1000 WHEN 5 THEN 'held' ELSE 'received' END,
          '', 's', '{{}}', 1, 'unverified', '{{received}}', CASE WHEN n < $3 / 2 THEN now() END {_NUMBERS}""",
    f"""INSERT INTO message_facets (organization_id, environment_id, inbox_id, facet, message_id, thread_id)
        SELECT $1, $2, {_INBOX}, f, {_id("n")}, {_THREAD} {_NUMBERS} CROSS JOIN LATERAL (
          SELECT 'label:received' UNION ALL SELECT 'from:user' || n % 5000 || '@x.org'
          UNION ALL SELECT 'to:us@x.org' WHERE n % 10 = 1 UNION ALL SELECT 'label:rare' WHERE n % 10000 = 7
          UNION ALL SELECT 'status:held' WHERE n % 1000 = 5 UNION ALL SELECT 'attachments' WHERE n % 20 = 3) AS a(f)""",
    f"""INSERT INTO message_contents (organization_id, message_id, search)
        SELECT $1, {_id("n")}, (CASE WHEN n % 10000 = 7 THEN '''needle'':1A ' ELSE '' END || '''common'':2 ''word'
          || n % 1000 || ''':3 ''o' || {_HEX.format("$1::uuid")} || ''' ''e' || {_HEX.format("$2::uuid")}
          || ''' ''i' || {_HEX.format(_INBOX)} || '''')::tsvector {_NUMBERS}""",
)


class Big:
    """The tenant with the million, and a connection that is the api role inside it."""

    def __init__(self, connection: asyncpg.Connection, scope: Scope, inboxes: list[UUID], size: int) -> None:
        self.connection = connection
        self.scope = scope
        self.inboxes = inboxes
        self.size = size
        self.used: set[Any] = set()
        self.buffers = 0

    async def rows(self, sql: str, *arguments: object) -> list[Any]:
        """A verb's statement, as a transaction would run it, once explained and once for its rows."""
        explained = self.connection.transaction()
        await explained.start()
        [[text]] = await self.connection.fetch("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql, *arguments)
        await explained.rollback()  # explaining a statement that writes has written
        plan = json.loads(text)[0]["Plan"]
        self.buffers += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        for node in _nodes(plan):
            assert node["Node Type"] != "Seq Scan" or node["Relation Name"] not in BIG, plan
            self.used.add(node.get("Index Name"))
        return await self.connection.fetch(sql, *arguments)

    async def run(self, sql: str) -> None:
        await self.connection.execute(sql)

    async def walked(self, verb: Callable[..., Awaitable[list[Any]]], *arguments: object) -> tuple[list[Any], set[Any]]:
        """A verb's rows, and the indexes that it went by. Few pages of memory are touched, whatever the filter."""
        self.used, self.buffers = set(), 0
        rows = await verb(self, *arguments)
        assert self.buffers < 5_000, (self.buffers, self.used)
        return rows, self.used


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in _nodes(child))]


async def _load(admin: asyncpg.Connection, rows: int) -> tuple[Scope, list[UUID]]:
    scope, inboxes = Scope(ids.new_id(), ids.new_id()), [ids.new_id() for _ in range(INBOXES)]
    arguments = (scope.organization_id, scope.environment_id, rows, inboxes)
    for sql in _LOAD:
        used = [one for n, one in enumerate(arguments, 1) if f"${n}" in sql]
        await admin.execute(_renumbered(sql), *used)
    return scope, inboxes


def _renumbered(sql: str) -> str:
    """PostgreSQL refuses parameters that a statement does not mention."""
    for new, old in enumerate([n for n in range(1, 5) if f"${n}" in sql], 1):
        sql = sql.replace(f"${old}", f"${new}")
    return sql


async def _load_quickly(admin: asyncpg.Connection, rows: int) -> tuple[Scope, list[UUID]]:
    """The indexes are built behind the rows, and foreign keys left aside: what is loaded here keeps them by itself."""
    indexes = await admin.fetch(
        """SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
           WHERE indrelid = ANY ($1::regclass[]) AND NOT indisprimary""",
        sorted(BIG),
    )
    for one in indexes:
        await admin.execute(f"DROP INDEX {one['name']}")
    await admin.execute("SET session_replication_role = replica; SET maintenance_work_mem = '128MB'")
    made = await _load(admin, rows)
    await _load(admin, NOISE)
    for one in indexes:
        await admin.execute(one["definition"])
    await admin.execute("ANALYZE messages, message_facets, message_contents, threads, inboxes")
    return made


@pytest_asyncio.fixture(scope="module", params=[100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
async def big(request: pytest.FixtureRequest, postgres: str) -> Any:
    url = await new_database(postgres, "plans")
    admin = await asyncpg.connect(url)
    await admin.execute("SET search_path = agentpost; SET synchronous_commit = off")
    scope, inboxes = await _load_quickly(admin, request.param)
    await admin.execute("SET jit = off; SET ROLE agentpost_api")
    await admin.execute("SELECT set_config('agentpost.organization_id', $1, false)", str(scope.organization_id))
    yield Big(admin, scope, inboxes, request.param)
    await admin.close()
    await drop_database(url)


@pytest.mark.parametrize("where", ["environment", "inbox"])
@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("sees_held", [False, True])
async def test_every_list_filter_is_served_by_its_index(big: Big, where: str, ascending: bool, sees_held: bool) -> None:
    scope = msgspec.structs.replace(big.scope, sees_held=sees_held)
    plain, facets = f"messages_by_{where}", f"message_facets_by_{where}"
    inbox = encode("inb", big.inboxes[3]) if where == "inbox" else None
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, plain),
        ({"labels": ("received",)}, facets),
        ({"labels": ("rare",)}, facets),
        ({"labels": ("rare", "received")}, facets),
        ({"sender": "user1000@x.org"}, facets),
        ({"to": "us@x.org"}, facets),
        ({"direction": "inbound"}, facets),
        ({"status": "held"}, facets),
        ({"status": "received"}, facets),
        ({"has_attachments": True}, facets),
        ({"has_attachments": False}, plain),
        ({"sender": "nobody@x.org", "labels": ("received",)}, facets),
        ({"thread": encode("thr", UUID(int=1))}, "messages_by_thread"),
    ]
    for filters, index in cases:
        walk = walk_of(scope, Filters(inbox_id=inbox, **filters), None)
        rows, used = await big.walked(store.page, scope, walk, ascending, 51)
        assert index in used, (filters, used)
        assert all(sees_held or row["status"] != "held" for row in rows)
        if filters.get("status") == "held":
            assert bool(rows) == sees_held or where == "inbox"
        else:
            assert rows or "thread" in filters or "nobody@x.org" in filters.values() or where == "inbox"


async def test_page_ten_thousand_costs_what_page_one_costs(big: Big) -> None:
    walk = walk_of(big.scope, Filters(labels=("received",)), None)
    first, _ = await big.walked(store.page, big.scope, walk, False, 51)
    cost = big.buffers
    deep = UUID(int=(1_700_000_000_000 + big.size * 500) << 80)
    rows, _ = await big.walked(store.page, big.scope, walk.from_cursor(deep, False), False, 51)
    assert len(first) == len(rows) == 51
    assert big.buffers < cost * 1.2


@pytest.mark.parametrize("where", ["environment", "inbox"])
@pytest.mark.parametrize("sees_held", [False, True])
async def test_threads_and_labels_are_walked_by_index(big: Big, where: str, sees_held: bool) -> None:
    scope = msgspec.structs.replace(big.scope, sees_held=sees_held)
    walked = (big.inboxes[3],) if where == "inbox" else ()
    rows, used = await big.walked(store_threads.by_activity, scope, walked, (_LAST, HIGHEST), False, 51)
    assert (len(rows), f"threads_by_{where}" in used) == (51, True)
    assert all(sees_held or row["begun"] for row in rows)
    for labels in (("received",), ("rare", "received")):
        rows, used = await big.walked(store_threads.by_label, scope, walked, labels, HIGHEST, False, 51)
        assert f"message_facets_by_{where}" in used
    rows, used = await big.walked(store_labels.names, big.scope, walked, "label:", True, 51)
    assert [row["name"] for row in rows] == (["received"] if where == "inbox" else ["rare", "received"])
    assert f"message_facets_by_{where}" in used


@pytest.mark.parametrize(
    "q", ["needle ", "common ", "word7 ", "word7 needle ", "nothing ", "common -needle ", "word77"]
)
async def test_search_walks_no_table_and_keeps_the_order(big: Big, q: str) -> None:
    """The function's own statements are hidden from EXPLAIN; the pages of memory that they touch are not."""
    for inbox in (None, encode("inb", big.inboxes[3])):
        walk = walk_of(big.scope, Filters(inbox_id=inbox), words_of(q))
        big.buffers = 0
        async with big.connection.transaction():
            found = await store_search.find(big, big.scope, walk, False, 51)  # type: ignore[arg-type]
        assert found == sorted(found, reverse=True)
        assert len(found) == 51 or q in ("needle ", "word7 needle ", "nothing ") or inbox is not None
        assert big.buffers < 40_000


@pytest.mark.parametrize("subject", [None, "s"])
async def test_a_claim_walks_only_what_is_not_handled(big: Big, subject: str | None) -> None:
    """However much of the inbox was handled before, and with leases of others in front."""
    filters = {"label": "received", "sender": None, "subject": subject, "thread_id": None, "unread": False}
    middle = UUID(int=(1_700_000_000_000 + big.size * 500) << 80)

    async def claim(tx: Any) -> list[Any]:
        new_ids = [ids.new_id() for _ in range(50)]
        return await lease_store.claim(tx, big.scope, big.inboxes[3], new_ids, 60, **filters)

    transaction = big.connection.transaction()
    await transaction.start()
    try:
        first, used = await big.walked(claim)
        assert "messages_unhandled" in used
        second, used = await big.walked(claim)
        assert "messages_unhandled" in used
    finally:
        await transaction.rollback()
    got = [row["message_id"] for row in [*first, *second]]
    assert len(set(got)) == 100
    assert got == sorted(got)
    assert got[0] >= middle
