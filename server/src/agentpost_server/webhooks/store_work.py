"""SQL of the delivery lane: claim, load, put away, settle. Settling shows the fence, `attempts`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.db import Database, Tx
from agentpost_server.work import Claimed


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One call as the attempt log keeps it, and what becomes of its delivery. Headers are JSON texts."""

    organization_id: UUID
    id: UUID
    attempts: int
    at: Any
    duration_ms: int
    url: str
    status: int | None
    error: str | None
    request_headers: str
    headers: str
    body: str
    verdict: str
    wait_seconds: float | None


async def open_deliveries(tx: Tx, after: int, until: int) -> int:
    return await tx.value("SELECT router.open_deliveries($1, $2)", after, until)


async def claim(
    database: Database,
    after: tuple[UUID, UUID],
    *,
    batch: int,
    per_webhook: int,
    busy: Sequence[UUID],
    lease_seconds: float,
) -> list[Any]:
    return await database.route(
        "SELECT * FROM router.claim_webhook_deliveries($1, $2, $3, $4, $5, $6)",
        *after,
        batch,
        per_webhook,
        list(busy),
        lease_seconds,
    )


async def load(tx: Tx, claimed: Sequence[Claimed]) -> list[Any]:
    """All that the calls need, in one query. Columns of the endpoint or the event are null when it is gone."""
    return await tx.rows(
        """SELECT d.organization_id, d.environment_id, d.id, d.webhook_id, d.event_id, d.event_type, d.body, d.attempts,
                  d.retries, w.url, w.enabled, w.secrets, w.headers, e.occurred_at, e.data
           FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS c(organization_id, id, attempts)
           JOIN webhook_deliveries d ON d.organization_id = c.organization_id AND d.id = c.id
             AND d.attempts = c.attempts AND d.due_at IS NOT NULL
           LEFT JOIN webhooks w ON w.organization_id = d.organization_id AND w.id = d.webhook_id
           LEFT JOIN events e ON d.body IS NULL AND e.organization_id = d.organization_id AND e.id = d.event_id""",
        [one.organization_id for one in claimed],
        [one.id for one in claimed],
        [one.attempts for one in claimed],
    )


async def drop(tx: Tx, rows: Sequence[Any]) -> None:
    """Deliveries whose endpoint is gone: nobody will ever ask for them."""
    await tx.run(
        """DELETE FROM webhook_deliveries d USING unnest($1::uuid[], $2::uuid[]) AS n(organization_id, id)
           WHERE d.organization_id = n.organization_id AND d.id = n.id""",
        [row["organization_id"] for row in rows],
        [row["id"] for row in rows],
    )


async def cancel(tx: Tx, rows: Sequence[Any]) -> None:
    await tx.run(
        """UPDATE webhook_deliveries d SET status = 'cancelled', due_at = NULL, finished_at = now()
           FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS n(organization_id, id, attempts)
           WHERE d.organization_id = n.organization_id AND d.id = n.id AND d.attempts = n.attempts""",
        [row["organization_id"] for row in rows],
        [row["id"] for row in rows],
        [row["attempts"] for row in rows],
    )


async def settle(tx: Tx, calls: Sequence[CallRecord]) -> None:
    """Log every call; move its delivery on when the claim is still ours (a late call happened all the same)."""
    await tx.run(
        """WITH n AS (
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::timestamptz[], $5::integer[], $6::text[],
               $7::integer[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::double precision[])
             AS n(organization_id, id, attempts, at, duration_ms, url, status, error, request_headers, headers, body,
               verdict, wait_seconds)
           ), counted AS (
             UPDATE webhook_deliveries d SET tries = d.tries + 1, response_status = n.status
             FROM n WHERE d.organization_id = n.organization_id AND d.id = n.id
               AND NOT (d.attempts = n.attempts AND d.due_at IS NOT NULL)
             RETURNING d.organization_id, d.id, d.tries
           ), moved AS (
             UPDATE webhook_deliveries d SET tries = d.tries + 1, response_status = n.status, retries = d.retries + 1,
               status = n.verdict, due_at = now() + make_interval(secs => n.wait_seconds),
               finished_at = CASE WHEN n.wait_seconds IS NULL THEN now() END
             FROM n WHERE d.organization_id = n.organization_id AND d.id = n.id
               AND d.attempts = n.attempts AND d.due_at IS NOT NULL
             RETURNING d.organization_id, d.id, d.tries
           )
           INSERT INTO webhook_attempts (organization_id, delivery_id, number, at, duration_ms, url, status, error,
             request_headers, headers, body)
           SELECT n.organization_id, n.id, d.tries, n.at, n.duration_ms, n.url, n.status, n.error,
             n.request_headers::jsonb, n.headers::jsonb, n.body
           FROM n JOIN (SELECT * FROM counted UNION ALL SELECT * FROM moved) d
             ON d.organization_id = n.organization_id AND d.id = n.id""",
        *[[getattr(one, name) for one in calls] for name in CallRecord.__struct_fields__],
    )
