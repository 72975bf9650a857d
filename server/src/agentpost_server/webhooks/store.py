"""SQL of webhook endpoints."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx

_FIELDS = ("url", "description", "event_types", "inbox_ids", "headers", "header_names", "enabled")


async def insert(
    tx: Tx, scope: Scope, webhook_id: UUID, *, secrets: bytes, client_id: str | None, **fields: Any
) -> Any:
    return await tx.row(
        """INSERT INTO webhooks (organization_id, environment_id, id, secrets, client_id, url, description, event_types,
             inbox_ids, headers, header_names, enabled, disabled_reason)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
             CASE WHEN NOT $12 THEN 'manual' END) RETURNING *""",
        scope.organization_id,
        scope.environment_id,
        webhook_id,
        secrets,
        client_id,
        *[fields[name] for name in _FIELDS],
    )


async def lock_client_id(tx: Tx, scope: Scope, client_id: str) -> None:
    """Two creations with one client_id go one after the other."""
    await tx.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", f"webhook {scope.environment_id} {client_id}")


async def find_by_client_id(tx: Tx, scope: Scope, client_id: str) -> Any:
    return await tx.row(
        "SELECT * FROM webhooks WHERE organization_id = $1 AND environment_id = $2 AND client_id = $3",
        scope.organization_id,
        scope.environment_id,
        client_id,
    )


async def find(tx: Tx, scope: Scope, webhook_id: UUID, *, lock: bool = False) -> Any:
    return await tx.row(
        f"""SELECT * FROM webhooks WHERE organization_id = $1 AND environment_id = $2 AND id = $3
            {"FOR UPDATE" if lock else ""}""",
        scope.organization_id,
        scope.environment_id,
        webhook_id,
    )


async def list_by_id(tx: Tx, scope: Scope, after: UUID | None, ascending: bool, limit: int) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT * FROM webhooks WHERE organization_id = $1 AND environment_id = $2
            AND ($3::uuid IS NULL OR id {compare} $3) ORDER BY id {order} LIMIT $4""",
        scope.organization_id,
        scope.environment_id,
        after,
        limit,
    )


async def update(tx: Tx, scope: Scope, webhook_id: UUID, row: dict[str, Any]) -> Any:
    """Enabling one that was disabled begins its counts again."""
    return await tx.row(
        """UPDATE webhooks SET url = $4, description = $5, event_types = $6, inbox_ids = $7, headers = $8,
             header_names = $9, enabled = $10, updated_at = now(),
             disabled_reason = CASE WHEN NOT $10 THEN COALESCE(disabled_reason, 'manual') END,
             consecutive_failures = CASE WHEN $10 AND NOT enabled THEN 0 ELSE consecutive_failures END,
             failing_since = CASE WHEN $10 AND NOT enabled THEN NULL ELSE failing_since END,
             warned_at = CASE WHEN $10 AND NOT enabled THEN NULL ELSE warned_at END,
             probe_at = CASE WHEN $10 AND NOT enabled THEN NULL ELSE probe_at END
           WHERE organization_id = $1 AND environment_id = $2 AND id = $3 RETURNING *""",
        scope.organization_id,
        scope.environment_id,
        webhook_id,
        *[row[name] for name in _FIELDS],
    )


async def set_secrets(tx: Tx, scope: Scope, webhook_id: UUID, secrets: bytes) -> Any:
    return await tx.row(
        """UPDATE webhooks SET secrets = $4, updated_at = now()
           WHERE organization_id = $1 AND environment_id = $2 AND id = $3 RETURNING *""",
        scope.organization_id,
        scope.environment_id,
        webhook_id,
        secrets,
    )


async def delete(tx: Tx, scope: Scope, webhook_id: UUID) -> Any:
    return await tx.row(
        "DELETE FROM webhooks WHERE organization_id = $1 AND environment_id = $2 AND id = $3 RETURNING *",
        scope.organization_id,
        scope.environment_id,
        webhook_id,
    )


async def known_inboxes(tx: Tx, scope: Scope, inbox_ids: Sequence[UUID]) -> set[UUID]:
    rows = await tx.rows(
        """SELECT id FROM inboxes WHERE organization_id = $1 AND environment_id = $2 AND id = ANY($3)
           AND deleted_at IS NULL""",
        scope.organization_id,
        scope.environment_id,
        list(inbox_ids),
    )
    return {row["id"] for row in rows}


async def probe_now(tx: Tx, scope: Scope, webhook_id: UUID) -> None:
    """Somebody asks for a delivery by hand: an open circuit may be tried at once."""
    await tx.run(
        """UPDATE webhooks SET probe_at = now()
           WHERE organization_id = $1 AND environment_id = $2 AND id = $3 AND probe_at > now()""",
        scope.organization_id,
        scope.environment_id,
        webhook_id,
    )


async def tally(
    tx: Tx, rows: Sequence[tuple[UUID, UUID, bool, int]], *, breaker_after: int, probe_seconds: float
) -> list[Any]:
    """Add (organization, endpoint, whether a call succeeded, failures since the last success) of a batch of calls.

    Locked in one order, so that two processes never wait for each other; an endpoint that is well and stays so is
    written at most every few seconds. Answers the endpoints that are failing.
    """
    return await tx.rows(
        """WITH n AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::integer[])
                        AS n(organization_id, id, succeeded, failures)),
           held AS (
             SELECT w.organization_id, w.id FROM webhooks w
             JOIN n ON n.organization_id = w.organization_id AND n.id = w.id
             WHERE n.failures > 0 OR w.consecutive_failures > 0 OR w.probe_at IS NOT NULL OR w.last_success_at IS NULL
               OR w.last_success_at < now() - interval '5 seconds'
             ORDER BY w.organization_id, w.id FOR NO KEY UPDATE OF w
           )
           UPDATE webhooks w SET
             consecutive_failures = CASE WHEN n.succeeded THEN 0 ELSE w.consecutive_failures END + n.failures,
             failing_since = CASE WHEN n.failures = 0 THEN NULL WHEN n.succeeded THEN now()
               ELSE COALESCE(w.failing_since, now()) END,
             last_success_at = CASE WHEN n.succeeded THEN now() ELSE w.last_success_at END,
             warned_at = CASE WHEN n.succeeded THEN NULL ELSE w.warned_at END,
             probe_at = CASE WHEN CASE WHEN n.succeeded THEN 0 ELSE w.consecutive_failures END + n.failures >= $5
               THEN now() + make_interval(secs => $6) END
           FROM held JOIN n ON n.organization_id = held.organization_id AND n.id = held.id
           WHERE w.organization_id = held.organization_id AND w.id = held.id
           RETURNING w.organization_id, w.environment_id, w.id, w.url, w.enabled, w.consecutive_failures, w.warned_at,
             EXTRACT(epoch FROM now() - w.failing_since)::double precision AS failing_seconds""",
        *[[row[n] for row in rows] for n in range(4)],
        breaker_after,
        probe_seconds,
    )


async def disable(tx: Tx, organization_id: UUID, webhook_id: UUID, reason: str) -> Any:
    """The row when it was enabled until now, else None."""
    return await tx.row(
        """UPDATE webhooks SET enabled = false, disabled_reason = $3, updated_at = now()
           WHERE organization_id = $1 AND id = $2 AND enabled RETURNING *""",
        organization_id,
        webhook_id,
        reason,
    )


async def mark_warned(tx: Tx, organization_id: UUID, webhook_id: UUID) -> Any:
    """The row when nobody was warned until now, else None."""
    return await tx.row(
        """UPDATE webhooks SET warned_at = now()
           WHERE organization_id = $1 AND id = $2 AND enabled AND warned_at IS NULL RETURNING *""",
        organization_id,
        webhook_id,
    )
