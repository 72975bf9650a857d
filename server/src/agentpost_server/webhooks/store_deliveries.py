"""SQL of deliveries as the API shows them and asks for them again. An endpoint that is gone hides its deliveries."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx

_AGAIN = "status = 'pending', due_at = now(), finished_at = NULL, retries = 0"


async def list_by_id(
    tx: Tx, scope: Scope, webhook_id: UUID, status: str | None, after: UUID | None, ascending: bool, limit: int
) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT * FROM webhook_deliveries WHERE organization_id = $1 AND environment_id = $2 AND webhook_id = $3
            {"AND status = $6" if status else "AND $6::text IS NULL"} AND ($4::uuid IS NULL OR id {compare} $4)
            ORDER BY id {order} LIMIT $5""",
        scope.organization_id,
        scope.environment_id,
        webhook_id,
        after,
        limit,
        status,
    )


async def find(tx: Tx, scope: Scope, delivery_id: UUID) -> Any:
    """The delivery with its endpoint's URL and its event's data."""
    return await tx.row(
        """SELECT d.*, w.url, w.enabled, e.occurred_at, e.data FROM webhook_deliveries d
           JOIN webhooks w ON w.organization_id = d.organization_id AND w.id = d.webhook_id
           LEFT JOIN events e ON e.organization_id = d.organization_id AND e.id = d.event_id
           WHERE d.organization_id = $1 AND d.environment_id = $2 AND d.id = $3""",
        scope.organization_id,
        scope.environment_id,
        delivery_id,
    )


async def attempts(tx: Tx, scope: Scope, delivery_id: UUID) -> list[Any]:
    """The last hundred, oldest first."""
    return await tx.rows(
        """SELECT * FROM (SELECT * FROM webhook_attempts WHERE organization_id = $1 AND delivery_id = $2
             ORDER BY number DESC LIMIT 100) a ORDER BY number""",
        scope.organization_id,
        delivery_id,
    )


async def insert_test(
    tx: Tx, scope: Scope, delivery_id: UUID, webhook_id: UUID, event_id: UUID, event_type: str, body: str
) -> Any:
    return await tx.row(
        """INSERT INTO webhook_deliveries (organization_id, environment_id, id, webhook_id, event_id, event_type,
             body, due_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, now()) RETURNING *""",
        scope.organization_id,
        scope.environment_id,
        delivery_id,
        webhook_id,
        event_id,
        event_type,
        body,
    )


async def again(tx: Tx, scope: Scope, delivery_id: UUID) -> Any:
    return await tx.row(
        f"""UPDATE webhook_deliveries SET {_AGAIN}
            WHERE organization_id = $1 AND environment_id = $2 AND id = $3 RETURNING *""",
        scope.organization_id,
        scope.environment_id,
        delivery_id,
    )


async def replay_failed(tx: Tx, scope: Scope, webhook_id: UUID, since: UUID, until: UUID, most: int) -> int:
    """Queue again what has ended without success, of events in [since, until), oldest first. Answers how many."""
    return await tx.value(
        f"""WITH again AS (UPDATE webhook_deliveries SET {_AGAIN} WHERE organization_id = $1 AND id = ANY (ARRAY(
              SELECT id FROM webhook_deliveries WHERE organization_id = $1 AND environment_id = $2 AND webhook_id = $3
                AND event_id >= $4 AND event_id < $5 AND status IN ('failed', 'cancelled') AND body IS NULL
              ORDER BY event_id LIMIT $6)) RETURNING 1)
            SELECT count(*) FROM again""",
        scope.organization_id,
        scope.environment_id,
        webhook_id,
        since,
        until,
        most,
    )


async def wanted_events(tx: Tx, scope: Scope, webhook_id: UUID, since: UUID, until: UUID, most: int) -> list[Any]:
    """Published events in [since, until) that the endpoint asks for, whether it was ever told of them or not."""
    return await tx.rows(
        """SELECT e.id, e.type FROM webhooks w
           JOIN events e ON e.organization_id = w.organization_id AND e.environment_id = w.environment_id
           WHERE w.organization_id = $1 AND w.environment_id = $2 AND w.id = $3 AND e.organization_id = $1
             AND e.id >= $4 AND e.id < $5 AND (w.event_types = '{}' OR e.type = ANY (w.event_types))
             AND (w.inbox_ids = '{}' OR e.inbox_id = ANY (w.inbox_ids)) ORDER BY e.id LIMIT $6""",
        scope.organization_id,
        scope.environment_id,
        webhook_id,
        since,
        until,
        most,
    )


async def replay_events(
    tx: Tx, scope: Scope, webhook_id: UUID, delivery_ids: Sequence[UUID], events: Sequence[Any]
) -> int:
    """Queue a delivery of each event: the one that there was, else a new one. Those on their way are left alone."""
    return await tx.value(
        f"""WITH again AS (
              INSERT INTO webhook_deliveries AS d (organization_id, environment_id, id, webhook_id, event_id,
                event_type, due_at)
              SELECT $1, $2, n.id, $3, n.event_id, n.event_type, now()
              FROM unnest($4::uuid[], $5::uuid[], $6::text[]) AS n(id, event_id, event_type)
              ON CONFLICT (organization_id, webhook_id, event_id) DO UPDATE SET {_AGAIN} WHERE d.status <> 'pending'
              RETURNING 1)
            SELECT count(*) FROM again""",
        scope.organization_id,
        scope.environment_id,
        webhook_id,
        list(delivery_ids),
        [row["id"] for row in events],
        [row["type"] for row in events],
    )
