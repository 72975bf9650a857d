"""SQL of deliverability: adding marks up to hours, judging inboxes, and reading series."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agentpost_server.db import Database, Tx

_SUMS = """sum(sent)::integer, sum(delivered)::integer, sum(bounced)::integer, sum(hard_bounced)::integer,
               sum(complained)::integer"""
_ADDED = ", ".join(
    f"{one} = h.{one} + EXCLUDED.{one}" for one in "sent delivered bounced hard_bounced complained".split()
)
_LOCK = 6_015


async def marked_organizations(database: Database, after: UUID, batch: int) -> list[UUID]:
    rows = await database.route("SELECT * FROM router.marked_organizations($1, $2)", after, batch)
    return [row["organization_id"] for row in rows]


async def may_add_up(tx: Tx) -> bool:
    """One process at a time, so that whoever judges an inbox sees all that was counted of it."""
    return await tx.value("SELECT pg_try_advisory_xact_lock($1)", _LOCK)


async def add_up(tx: Tx, organization_ids: Sequence[UUID], most: int) -> list[Any]:
    """Move up to so many marks into the hours. Answers (organization, inbox) of each that they were about.

    What is told after an inbox was resumed within the hour gets an hour of its own, which begins there.
    """
    return await tx.rows(
        f"""WITH taken AS (
             DELETE FROM delivery_marks WHERE ctid = ANY (ARRAY(
               SELECT ctid FROM delivery_marks WHERE organization_id = ANY ($1) LIMIT $2))
             RETURNING *
           ), placed AS (
             SELECT t.*, i.domain, date_trunc('hour', t.at, 'UTC') AS hour, CASE WHEN t.at >= i.judged_from
               THEN GREATEST(date_trunc('hour', t.at, 'UTC'), i.judged_from) ELSE date_trunc('hour', t.at, 'UTC')
               END AS starts_at
             FROM taken t JOIN inboxes i ON i.organization_id = t.organization_id AND i.id = t.inbox_id
           ), by_domain AS (
             INSERT INTO domain_delivery_hours AS h
             SELECT organization_id, environment_id, hour, domain, {_SUMS} FROM placed GROUP BY 1, 2, 3, 4
             ORDER BY 1, 2, 3, 4
             ON CONFLICT (organization_id, environment_id, starts_at, domain) DO UPDATE SET {_ADDED}
           ), by_inbox AS (
             INSERT INTO inbox_delivery_hours AS h
             SELECT organization_id, inbox_id, starts_at, {_SUMS} FROM placed GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
             ON CONFLICT (organization_id, inbox_id, starts_at) DO UPDATE SET {_ADDED}
             RETURNING h.organization_id, h.inbox_id
           ) SELECT DISTINCT organization_id, inbox_id FROM by_inbox""",
        list(organization_ids),
        most,
    )


async def counts_to_judge(tx: Tx, inboxes: Sequence[tuple[UUID, UUID]], days: int) -> list[Any]:
    """Of those that may send: what became of their mail in so many days, as far as they are judged by it."""
    return await tx.rows(
        """SELECT i.organization_id, i.environment_id, i.id, h.sent, h.hard_bounced, h.complained
           FROM unnest($1::uuid[], $2::uuid[]) AS k(organization_id, id)
           JOIN inboxes i ON i.organization_id = k.organization_id AND i.id = k.id
             AND NOT i.send_paused AND i.deleted_at IS NULL
           CROSS JOIN LATERAL (
             SELECT sum(h.sent)::bigint AS sent, sum(h.hard_bounced)::bigint AS hard_bounced,
               sum(h.complained)::bigint AS complained
             FROM inbox_delivery_hours h WHERE h.organization_id = i.organization_id AND h.inbox_id = i.id
               AND h.starts_at > now() - make_interval(days => $3)
               AND h.starts_at >= COALESCE(i.judged_from, '-infinity')
           ) h WHERE h.hard_bounced > 0 OR h.complained > 0
           ORDER BY i.organization_id, i.id""",
        *_columns(inboxes, 2),
        days,
    )


async def note_warnings(tx: Tx, wanted: Sequence[tuple[UUID, UUID, str]], quiet_hours: int) -> set[tuple[UUID, str]]:
    """(organization, inbox, counter) of each. Answers (inbox, counter) of those not told of within the quiet hours."""
    rows = await tx.rows(
        """INSERT INTO rate_warnings AS w (organization_id, inbox_id, counter)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[]) ORDER BY 1, 2, 3
           ON CONFLICT (organization_id, inbox_id, counter) DO UPDATE SET warned_at = now()
             WHERE w.warned_at <= now() - make_interval(hours => $4)
           RETURNING inbox_id, counter""",
        *_columns(wanted, 3),
        quiet_hours,
    )
    return {(row["inbox_id"], row["counter"]) for row in rows}


async def inbox_series(
    tx: Tx,
    organization_id: UUID,
    environment_ids: Sequence[UUID],
    inbox_ids: Sequence[UUID] | None,
    domain: str | None,
    unit: str,
    since: datetime,
) -> list[Any]:
    """What became of the mail of some inboxes (None: of all that stand in the environments), by hour or day (UTC)."""
    return await tx.rows(
        f"""SELECT date_trunc($5, h.starts_at, 'UTC') AS at, {_series("h")}
            FROM inboxes i JOIN inbox_delivery_hours h ON h.organization_id = i.organization_id AND h.inbox_id = i.id
              AND h.starts_at >= $6
            WHERE i.organization_id = $1 AND i.environment_id = ANY ($2) AND i.deleted_at IS NULL
              AND ($3::uuid[] IS NULL OR i.id = ANY ($3)) AND ($4::text IS NULL OR i.domain = $4)
            GROUP BY 1""",
        organization_id,
        list(environment_ids),
        None if inbox_ids is None else list(inbox_ids),
        domain,
        unit,
        since,
    )


async def domain_series(
    tx: Tx, organization_id: UUID, environment_ids: Sequence[UUID], domain: str | None, unit: str, since: datetime
) -> list[Any]:
    """The same of everything that left the environments, or of one domain there; deleted inboxes included."""
    return await tx.rows(
        f"""SELECT date_trunc($4, h.starts_at, 'UTC') AS at, {_series("h")}
            FROM domain_delivery_hours h
            WHERE h.organization_id = $1 AND h.environment_id = ANY ($2) AND h.starts_at >= $5
              AND ($3::text IS NULL OR h.domain = $3)
            GROUP BY 1""",
        organization_id,
        list(environment_ids),
        domain,
        unit,
        since,
    )


async def prune(database: Database, batch: int, keep_days: int) -> int:
    rows = await database.route("SELECT router.prune_deliverability($1, $2) AS gone", batch, keep_days)
    return rows[0]["gone"]


def _series(table: str) -> str:
    return ", ".join(
        f"sum({table}.{one})::bigint AS {one}" for one in "sent delivered bounced hard_bounced complained".split()
    )


def _columns(rows: Sequence[tuple[object, ...]], count: int) -> list[list[object]]:
    return [[row[n] for row in rows] for n in range(count)]
