"""SQL of caps: whose apply, the windows under their locks, and what is counted in them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agentpost_server.db import Database, Tx

# As `policies.caps.Window`: (organization, place, counter, starts_at).
Window = tuple[UUID, UUID, str, datetime]
_WINDOWS = """unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
    AS w(organization_id, place, counter, starts_at)"""


async def lock(tx: Tx, windows: Sequence[Window]) -> dict[Any, int]:
    """What each window has used, locked until the transaction ends. `windows` in the order of their keys."""
    rows = await tx.rows(
        f"""INSERT INTO cap_windows AS c (organization_id, place, counter, starts_at)
            SELECT * FROM {_WINDOWS} ORDER BY 1, 2, 3, 4
            ON CONFLICT (organization_id, place, counter, starts_at) DO UPDATE SET used = c.used
            RETURNING organization_id, place, counter, starts_at, used""",
        *_columns(windows),
    )
    return {tuple(row)[:4]: row["used"] for row in rows}


async def used(tx: Tx, windows: Sequence[Window]) -> dict[Any, int]:
    """The same without a lock."""
    rows = await tx.rows(
        f"""SELECT c.organization_id, c.place, c.counter, c.starts_at, c.used FROM {_WINDOWS}
            JOIN cap_windows c USING (organization_id, place, counter, starts_at)""",
        *_columns(windows),
    )
    return {tuple(row)[:4]: row["used"] for row in rows}


async def known(tx: Tx, windows: Sequence[Window], emails: Sequence[str]) -> dict[Any, set[str]]:
    """Who of these was written to within each window. Asked behind the lock: its snapshot is younger."""
    rows = await tx.rows(
        f"""SELECT c.organization_id, c.place, c.counter, c.starts_at, c.email FROM {_WINDOWS}
            JOIN cap_recipients c USING (organization_id, place, counter, starts_at)
            WHERE c.email = ANY ($5::text[])""",
        *_columns(windows),
        list(emails),
    )
    found: dict[Any, set[str]] = {}
    for row in rows:
        found.setdefault(tuple(row)[:4], set()).add(row["email"])
    return found


async def on_their_way(tx: Tx, windows: Sequence[Window], own: Sequence[UUID]) -> dict[Any, int]:
    """How many messages of each place wait for a call or are within one; those that wait for their time or for a person
    are not on their way yet. `own`: messages that are not counted."""
    rows = await tx.rows(
        f"""SELECT w.organization_id, w.place, w.counter, w.starts_at, (
              SELECT count(DISTINCT t.message_id) FROM transmissions t
              JOIN messages m ON m.organization_id = t.organization_id AND m.id = t.message_id
              WHERE t.organization_id = w.organization_id AND t.due_at IS NOT NULL
                AND w.place IN (t.organization_id, t.environment_id, t.inbox_id)
                AND m.status NOT IN ('scheduled', 'pending_approval') AND t.message_id <> ALL ($5::uuid[])) AS used
            FROM {_WINDOWS}""",
        *_columns(windows),
        list(own),
    )
    return {tuple(row)[:4]: row["used"] for row in rows}


async def add(tx: Tx, taken: Mapping[Any, int], new: Mapping[Any, set[str]]) -> None:
    """What was counted, written into windows that this transaction has locked."""
    people = [(window, email) for window, emails in new.items() for email in sorted(emails)]
    windows = list(taken)
    await tx.run(
        """WITH people AS (
              INSERT INTO cap_recipients (organization_id, place, counter, starts_at, email)
              SELECT * FROM unnest($6::uuid[], $7::uuid[], $8::text[], $9::timestamptz[], $10::text[])
              ON CONFLICT DO NOTHING
            )
            UPDATE cap_windows c SET used = c.used + n.amount
            FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::bigint[])
              AS n(organization_id, place, counter, starts_at, amount)
            WHERE c.organization_id = n.organization_id AND c.place = n.place AND c.counter = n.counter
              AND c.starts_at = n.starts_at""",
        *_columns(windows),
        [taken[one] for one in windows],
        *_columns([window for window, _ in people]),
        [email for _, email in people],
    )


async def prune(database: Database, batch: int) -> int:
    rows = await database.route("SELECT router.prune_caps($1) AS gone", batch)
    return rows[0]["gone"]


def _columns(windows: Sequence[Window]) -> list[list[Any]]:
    return [[one[n] for one in windows] for n in range(4)]
