"""Pools and transactions. A transaction names whose rows it may see before its first statement; nothing else does.

`BEGIN` and the setting go as one simple-protocol message, so a use case of one statement costs three round trips.
Pooled connections are never reset (that would be a fourth), and so carry no session state: no LISTEN, no SET, no
session lock (a test holds that).
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import structlog

from agentpost_server.core.errors import Conflict, NotFound, Problem, Unavailable

Row = asyncpg.Record

_SESSION = {
    "search_path": "agentpost",
    "application_name": "agentpost",
    "statement_timeout": "15s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
    "jit": "off",
}
# What means "the database is not there now", as against "this statement is wrong".
_ABSENT = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidPasswordError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a statement that the server died under, before the socket told
    TimeoutError,
)
_TOLD_EVERY_SECONDS = 5.0
_told_at: dict[str, float] = {}
log = structlog.get_logger("db")


class Tx:
    """One open transaction. Verbs take it first and never commit; `after_commit` runs once the change stands."""

    __slots__ = ("_after", "_connection")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._after: list[Callable[[], None]] = []

    async def rows(self, sql: str, *arguments: object) -> list[Row]:
        return await self._connection.fetch(sql, *arguments)

    async def row(self, sql: str, *arguments: object) -> Row | None:
        return await self._connection.fetchrow(sql, *arguments)

    async def value(self, sql: str, *arguments: object) -> Any:
        return await self._connection.fetchval(sql, *arguments)

    async def run(self, sql: str, *arguments: object) -> str:
        """Execute and answer the command tag, such as `UPDATE 3`."""
        return await self._connection.execute(sql, *arguments)

    async def many(self, sql: str, rows: Collection[tuple[object, ...]]) -> None:
        await self._connection.executemany(sql, rows)

    def after_commit(self, act: Callable[[], None]) -> None:
        """Doorbells ring here: inside the transaction nobody could see what they ring for."""
        self._after.append(act)

    def committed(self) -> None:
        for act in self._after:
            act()


class Database:
    """The two roles' pools: `api` sees one organization a transaction, `worker` the ones that it claimed."""

    def __init__(self, api: Any, worker: Any, dsn: str) -> None:
        self._api = api
        self._worker = worker
        self.dsn = dsn

    @classmethod
    async def open(cls, dsn: str, password_of: Callable[[str], str], *, size: int = 10) -> "Database":
        """`dsn` names host and database; the roles and their derived passwords take the place of its user."""
        urls = [dsn_as(dsn, role, password_of(role)) for role in ("agentpost_api", "agentpost_worker")]
        api, worker = [await _open_pool(url, size) for url in urls]
        return cls(api, worker, urls[1])

    async def close(self, grace_seconds: float = 5) -> None:
        for pool in (self._api, self._worker):
            try:
                await asyncio.wait_for(pool.close(), grace_seconds)
            except (TimeoutError, *_ABSENT):
                pool.terminate()

    @asynccontextmanager
    async def transaction(self, organization_id: UUID) -> AsyncGenerator[Tx]:
        """As the api role, for one organization. Raises Unavailable when the database is not there."""
        async with self._open(self._api, f"BEGIN; SET LOCAL agentpost.organization_id = '{organization_id}'") as tx:
            yield tx

    @asynccontextmanager
    async def work(self, organization_ids: Collection[UUID]) -> AsyncGenerator[Tx]:
        """As the worker role, for exactly the organizations of a claimed batch."""
        listed = ",".join({str(one) for one in organization_ids})
        async with self._open(self._worker, f"BEGIN; SET LOCAL agentpost.organization_ids = '{{{listed}}}'") as tx:
            yield tx

    @asynccontextmanager
    async def routing(self) -> AsyncGenerator[Tx]:
        """As the worker role, for nobody: only the router's functions answer here."""
        async with self._open(self._worker, "BEGIN") as tx:
            yield tx

    async def route(self, sql: str, *arguments: object) -> list[Row]:
        """One statement of router functions, in a transaction of its own (one round trip)."""
        try:
            async with self._worker.acquire(timeout=5) as connection:
                return await connection.fetch(sql, *arguments)
        except _ABSENT as absent:
            raise absent_database(absent) from absent

    @asynccontextmanager
    async def _open(self, pool: Any, begin: str) -> AsyncGenerator[Tx]:
        connection = await _acquire(pool)
        try:
            tx = Tx(connection)
            try:
                await connection.execute(begin)
                yield tx
                await connection.execute("COMMIT")
            except BaseException:
                await _roll_back(connection)
                raise
        except asyncpg.ForeignKeyViolationError as broken:
            raise _lost_race(broken) from broken
        except _ABSENT as absent:
            raise absent_database(absent) from absent
        finally:
            await _release(pool, connection)
        tx.committed()


async def _open_pool(url: str, size: int) -> Any:
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        server_settings=_SESSION,
        command_timeout=20,
        init=_set_codecs,
        reset=_no_reset,
        max_inactive_connection_lifetime=300,
    )


async def _acquire(pool: Any) -> Any:
    try:
        return await pool.acquire(timeout=5)
    except _ABSENT as absent:
        raise absent_database(absent) from absent


async def _release(pool: Any, connection: Any) -> None:
    try:
        await pool.release(connection)
    except _ABSENT as absent:
        log.warning("a connection could not be given back", error=type(absent).__name__)


async def _roll_back(connection: Any) -> None:
    """A connection that cannot roll back is closed: the pool must not hand out a half-open transaction."""
    if connection.is_closed():
        return
    try:
        await asyncio.wait_for(asyncio.shield(connection.execute("ROLLBACK")), 5)
    except BaseException:  # noqa: BLE001 whatever it was, the connection is worth nothing now
        connection.terminate()


def absent_database(cause: BaseException) -> Unavailable:
    error, now = type(cause).__name__, time.monotonic()
    # Everybody meets the same absence: one line for each kind of it says enough.
    if now - _told_at.get(error, -_TOLD_EVERY_SECONDS) >= _TOLD_EVERY_SECONDS:
        _told_at[error] = now
        log.warning("the database is not available", error=error)
    return Unavailable("The database is not available at the moment.", fix="Try again in a few seconds.", retry_after=2)


def _lost_race(broken: asyncpg.ForeignKeyViolationError) -> Problem:
    """What a statement names was deleted since it was looked up, or what it deletes has got something new."""
    log.warning("a reference was broken", constraint=getattr(broken, "constraint_name", None))
    if "still referenced" in (getattr(broken, "detail", None) or ""):
        return Conflict("Something new refers to this.", fix="Read it again, then repeat the request.")
    return NotFound()


def dsn_as(dsn: str, user: str, password: str) -> str:
    """The same database as another role."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


async def _set_codecs(connection: Any) -> None:
    # json stays text (events are passed on unread); jsonb is text too: stores encode and decode it with msgspec.
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=str, format="text")


async def _no_reset(_connection: Any) -> None:
    return None
