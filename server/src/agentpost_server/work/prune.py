"""Keeping times of what is only kept for a while: logs, windows, tickets. Old rows go in bounded batches."""

from collections.abc import Mapping
from typing import Final

from agentpost_server.db import Database

_BATCH: Final = 5000
_ROUNDS: Final = 40


async def prune(database: Database, keep_seconds: Mapping[str, int]) -> dict[str, int]:
    """Delete what is older than its keeping time, by table; at most 200,000 rows each. Answers how many went.

    Tables whose rows carry their own end (`inbound_seen`, `stream_tickets`) take 0.
    """
    gone: dict[str, int] = {}
    for table, seconds in keep_seconds.items():
        gone[table] = 0
        for _ in range(_ROUNDS):
            rows = await database.route("SELECT router.prune($1, $2, $3) AS gone", table, _BATCH, seconds)
            gone[table] += rows[0]["gone"]
            if rows[0]["gone"] < _BATCH:
                break
    return gone
