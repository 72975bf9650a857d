"""SQL of waits as those see them who arm, read and cancel them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Database, Tx

# A deleted inbox is gone for every reader at once; its waits go with its mail.
_VISIBLE = """w.organization_id = $1 AND w.environment_id = $2
    AND (cardinality($3::uuid[]) = 0 OR w.inbox_id = ANY ($3)) AND w.inbox_id <> ALL (ARRAY(
      SELECT d.id FROM inboxes d WHERE d.organization_id = $1 AND d.deleted_at IS NOT NULL))"""


async def insert(tx: Tx, scope: Scope, wait_id: UUID, inbox_id: UUID, *, deadline: datetime | None, **f: Any) -> Any:
    """Armed from the log's present position on, with its inbox due to be looked through: mail may have been published
    since the position was read."""
    return await tx.row(
        """WITH log AS MATERIALIZED (SELECT router.log_position() AS position), look AS (
             INSERT INTO wait_looks AS l (organization_id, id, position, told, due_at)
             SELECT $1, $4, position, position, now() FROM log
             ON CONFLICT (organization_id, id) DO UPDATE SET arms = l.arms + 1, due_at = COALESCE(l.due_at, now())
           )
           INSERT INTO waits (organization_id, environment_id, id, inbox_id, sender, subject, body_text, label,
             has_code, exclusive, position, deadline)
           SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, position,
             COALESCE($11, now() + interval '15 minutes') FROM log
           RETURNING *""",
        scope.organization_id,
        scope.environment_id,
        wait_id,
        inbox_id,
        f["sender"],
        f["subject"],
        f["text"],
        f["label"],
        f["has_code"],
        f["exclusive"],
        deadline,
    )


async def count_armed(tx: Tx, scope: Scope, inbox_id: UUID, most: int) -> int:
    """How many are armed on the inbox; counts no further than `most`."""
    return await tx.value(
        """SELECT count(*) FROM (SELECT FROM waits w WHERE w.organization_id = $1 AND w.inbox_id = $2
             AND w.status = 'armed' LIMIT $3) armed""",
        scope.organization_id,
        inbox_id,
        most,
    )


async def find(tx: Tx, scope: Scope, wait_id: UUID) -> Any:
    """With `remaining`: the seconds until its deadline, by the database's clock."""
    return await tx.row(
        f"""SELECT w.*, extract(epoch FROM w.deadline - clock_timestamp())::double precision AS remaining
            FROM waits w WHERE {_VISIBLE} AND w.id = $4""",
        scope.organization_id,
        scope.environment_id,
        list(scope.inbox_ids),
        wait_id,
    )


async def expire(tx: Tx, scope: Scope, wait_id: UUID) -> None:
    """Ends it if it is armed past its deadline. A match under way is waited for, and wins."""
    await tx.run(
        """UPDATE waits SET status = 'expired', ended_at = deadline
           WHERE organization_id = $1 AND id = $2 AND status = 'armed' AND deadline <= clock_timestamp()""",
        scope.organization_id,
        wait_id,
    )


async def cancel(tx: Tx, scope: Scope, wait_id: UUID) -> None:
    await tx.run(
        """UPDATE waits SET status = 'cancelled', ended_at = now()
           WHERE organization_id = $1 AND id = $2 AND status = 'armed'""",
        scope.organization_id,
        wait_id,
    )


async def ended(database: Database, waits: list[tuple[UUID, UUID]]) -> list[UUID]:
    """Which of these (organization, wait) are not armed any more."""
    rows = await database.route(
        "SELECT id FROM router.ended_waits($1, $2) AS id",
        [organization_id for organization_id, _ in waits],
        [wait_id for _, wait_id in waits],
    )
    return [row["id"] for row in rows]


async def prune(database: Database, batch: int, keep_seconds: int) -> int:
    rows = await database.route("SELECT router.prune_waits($1, $2) AS gone", batch, keep_seconds)
    return rows[0]["gone"]
