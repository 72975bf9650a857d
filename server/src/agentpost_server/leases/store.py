"""SQL of leases. Whoever holds both locks the message first, then its lease."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.any_case import part
from agentpost_server.core.scope import Scope
from agentpost_server.db import Database, Tx
from agentpost_server.leases.model import MOST_ATTEMPTS

_OURS = "l.status = 'leased' AND l.current AND l.leased_until > clock_timestamp()"
_NO_PART = (None, None, None)
_COLUMNS = "l.id, l.message_id, l.attempt, l.leased_until, l.status"


def _plain(column: str, variants: int, plain: int) -> str:
    """The column as `any_case` compares it, as far as the filter's letters go."""
    return f"replace(replace(translate({column}, ${variants}, ${plain}), 'ß', 'ss'), 'ẞ', 'ss')"


# The planner must see the words and the order of the index `messages_unhandled`.
_CLAIM = f"""
WITH picked AS MATERIALIZED (
    SELECT m.id, l.id AS former_id, COALESCE(l.attempt, 0) AS attempt FROM messages m
    LEFT JOIN leases l ON l.organization_id = $1 AND l.message_id = m.id AND l.current
    WHERE m.organization_id = $1 AND m.environment_id = $2 AND m.inbox_id = $3
      AND m.direction = 'inbound' AND m.status = 'received' AND m.handled_at IS NULL
      AND (l.id IS NULL OR (l.leased_until <= now() AND l.attempt < {MOST_ATTEMPTS}))
      AND ($7::text IS NULL OR $7 = ANY (m.labels))
      AND ($8::uuid IS NULL OR m.thread_id = $8)
      AND ($9::boolean IS NULL OR ('unread' = ANY (m.labels)) = $9)
      AND ($10::text IS NULL OR strpos({_plain("m.from_address ->> 'email'", 11, 12)}, $10) > 0)
      AND ($13::text IS NULL OR strpos({_plain("m.subject", 14, 15)}, $13) > 0)
    ORDER BY uuid_send(m.id) LIMIT $4 FOR NO KEY UPDATE OF m SKIP LOCKED
), ended AS (
    UPDATE leases l SET current = false, status = CASE l.status WHEN 'leased' THEN 'expired' ELSE l.status END,
      ended_at = COALESCE(l.ended_at, now())
    FROM picked WHERE l.organization_id = $1 AND l.id = picked.former_id AND l.current AND l.leased_until <= now()
    RETURNING l.message_id
), made AS (
    INSERT INTO leases AS l (organization_id, environment_id, inbox_id, id, message_id, attempt, leased_until)
    SELECT $1, $2, $3, ($5::uuid[])[row_number() OVER (ORDER BY p.id)], p.id, p.attempt + 1,
      now() + make_interval(secs => $6)
    FROM picked p WHERE p.former_id IS NULL OR p.id IN (SELECT message_id FROM ended)
    ON CONFLICT (organization_id, message_id) WHERE current DO NOTHING
    RETURNING {_COLUMNS}
)
SELECT made.* FROM picked LEFT JOIN made ON made.message_id = picked.id ORDER BY picked.id
"""


async def claim(
    tx: Tx, scope: Scope, inbox_id: UUID, new_ids: Sequence[UUID], seconds: int, **filters: object
) -> list[Any]:
    """Up to as many as there are ids, the oldest first. A row without an id stands for a message that somebody else
    leased since this statement began: another one sees it."""
    sender, subject = (None if filters[name] is None else part(str(filters[name])) for name in ("sender", "subject"))
    return await tx.rows(
        _CLAIM,
        scope.organization_id,
        scope.environment_id,
        inbox_id,
        len(new_ids),
        list(new_ids),
        seconds,
        filters["label"],
        filters["thread_id"],
        filters["unread"],
        *(sender or _NO_PART),
        *(subject or _NO_PART),
    )


async def find(tx: Tx, scope: Scope, lease_id: UUID) -> Any:
    return await tx.row(
        f"""SELECT {_COLUMNS} FROM leases l WHERE l.organization_id = $1 AND l.environment_id = $2
              AND (cardinality($3::uuid[]) = 0 OR l.inbox_id = ANY ($3)) AND l.id = $4""",
        scope.organization_id,
        scope.environment_id,
        list(scope.inbox_ids),
        lease_id,
    )


async def handled(tx: Tx, organization_id: UUID, message_ids: Sequence[UUID]) -> None:
    """Nobody claims these any more."""
    await tx.run(
        "UPDATE messages SET handled_at = now() WHERE organization_id = $1 AND id = ANY ($2)",
        organization_id,
        list(message_ids),
    )


async def ack(tx: Tx, scope: Scope, lease_id: UUID) -> Any:
    """None when it is lost."""
    return await tx.row(
        f"""UPDATE leases l SET status = 'acked', current = false, ended_at = now()
            WHERE l.organization_id = $1 AND l.id = $2 AND {_OURS} RETURNING {_COLUMNS}""",
        scope.organization_id,
        lease_id,
    )


async def extend(tx: Tx, scope: Scope, lease_id: UUID, seconds: int) -> Any:
    return await tx.row(
        f"""UPDATE leases l SET leased_until = now() + make_interval(secs => $3)
            WHERE l.organization_id = $1 AND l.id = $2 AND {_OURS} RETURNING {_COLUMNS}""",
        scope.organization_id,
        lease_id,
        seconds,
    )


async def release(tx: Tx, scope: Scope, lease_id: UUID, delay_seconds: int) -> Any:
    """After the last attempt nobody waits for it any more."""
    return await tx.row(
        f"""UPDATE leases l SET status = 'released', leased_until = now() + make_interval(secs => $3),
              ended_at = now(), current = l.attempt < {MOST_ATTEMPTS}
            WHERE l.organization_id = $1 AND l.id = $2 AND {_OURS} RETURNING {_COLUMNS}""",
        scope.organization_id,
        lease_id,
        delay_seconds,
    )


async def spent(database: Database, batch: int) -> list[Any]:
    return await database.route("SELECT * FROM router.spent_leases($1)", batch)


async def bury(tx: Tx, organization_id: UUID, message_ids: Sequence[UUID]) -> set[UUID]:
    """Those whose last attempt has run out."""
    rows = await tx.rows(
        f"""UPDATE leases l SET current = false, status = 'expired', ended_at = now()
            WHERE l.organization_id = $1 AND l.message_id = ANY ($2) AND l.current AND l.attempt >= {MOST_ATTEMPTS}
              AND l.leased_until <= now() RETURNING l.message_id""",
        organization_id,
        list(message_ids),
    )
    return {row["message_id"] for row in rows}


async def prune(database: Database, batch: int, keep_seconds: int) -> int:
    rows = await database.route("SELECT router.prune_leases($1, $2) AS gone", batch, keep_seconds)
    return rows[0]["gone"]
