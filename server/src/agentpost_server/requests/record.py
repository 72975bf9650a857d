"""Requests are noted in memory and written about once a second: a log line must not cost a commit."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from agentpost_server.db import Database
from agentpost_server.requests import store

_MOST_WAITING = 20_000


class Entry(NamedTuple):
    """One request of an authenticated caller."""

    organization_id: UUID
    id: UUID
    at: datetime
    method: str
    path: str
    status: int
    duration_ms: int
    key_id: UUID | None
    environment_id: UUID | None
    ip: str
    user_agent: str


class RequestLog:
    """Bounded: when the database is away for long, the oldest notes are dropped, and counted."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Entry] = []
        self.dropped = 0

    def note(self, entry: Entry) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.pop(0)
            self.dropped += 1
        self._waiting.append(entry)

    async def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), 1000):
            await self._write(waiting[start : start + 1000])

    async def _write(self, entries: Sequence[Entry]) -> None:
        async with self._database.work({one.organization_id for one in entries}) as tx:
            await store.insert(tx, entries)
