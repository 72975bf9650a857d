"""SQL of loops: what was said lately in a conversation, and fuses that tripped."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx


async def recent(
    tx: Tx, tenant: Scope, inbox_id: UUID, thread_id: UUID, peer: str, lines: Sequence[bytes], since: datetime
) -> list[Any]:
    """The last messages of a thread, and those from and to one correspondent, oldest first. One statement, which reads
    at most 40 of each. `is_tripped`: a fuse of `lines` is (the same in every row). One reference names nothing: our own
    mail names itself there, by an id that its provider may have replaced."""
    return await tx.rows(
        """WITH told AS (
             SELECT t.id FROM (SELECT m.id FROM messages m WHERE m.organization_id = $1 AND m.thread_id = $3
               ORDER BY m.id DESC LIMIT 40) t
             UNION
             SELECT f.message_id FROM unnest($4::text[]) AS w(facet) CROSS JOIN LATERAL (
               SELECT x.message_id FROM message_facets x
               WHERE x.organization_id = $1 AND x.inbox_id = $2 AND x.facet = w.facet
               ORDER BY x.message_id DESC LIMIT 40) f
           )
           SELECT m.direction = 'outbound' AS is_ours, m.created_at, m.subject, m.loop_class = 'own_echo' AS is_echo,
             m.thread_id, m.thread_id = $3 AS is_here,
             m.in_reply_to IS NULL AND cardinality(m.reference_ids) < 2 AS names_nothing,
             EXISTS (SELECT FROM loop_fuses l WHERE l.organization_id = $1 AND l.inbox_id = $2 AND l.line = ANY ($5)
               AND l.asked_at > $6) AS is_tripped
           FROM told CROSS JOIN LATERAL (
             SELECT n.* FROM messages n WHERE n.organization_id = $1 AND n.id = told.id OFFSET 0) m
           WHERE m.created_at > $6 AND (m.hold IS NULL OR m.direction = 'inbound' OR m.status = 'pending_approval'
             OR (m.hold -> 'decided_by' ->> 'type' = 'system' AND m.status <> 'rejected'))
           ORDER BY m.created_at, m.id""",
        tenant.organization_id,
        inbox_id,
        thread_id,
        [f"from:{peer}", f"to:{peer}"],
        list(lines),
        since,
    )


async def mark(
    tx: Tx, tenant: Scope, inbox_id: UUID, lines: Sequence[bytes], trip_id: UUID, asked_at: datetime, until: datetime
) -> bool:
    """The fuses of the lines are tripped at `asked_at`, or tried again. True when none was, later than `until`; what
    ended by then goes."""
    rows = await tx.rows(
        """WITH gone AS (
             DELETE FROM loop_fuses WHERE organization_id = $1 AND inbox_id = $2 AND asked_at <= $6 AND line <> ALL ($3)
           )
           INSERT INTO loop_fuses AS l (organization_id, inbox_id, line, trip_id, asked_at)
           SELECT $1, $2, line, $4, $5 FROM unnest($3::bytea[]) AS line ORDER BY line
           ON CONFLICT (organization_id, inbox_id, line) DO UPDATE SET
             asked_at = GREATEST(l.asked_at, EXCLUDED.asked_at),
             trip_id = CASE WHEN l.asked_at <= $6 THEN EXCLUDED.trip_id ELSE l.trip_id END
           RETURNING l.trip_id = $4 AS is_new""",
        tenant.organization_id,
        inbox_id,
        list(lines),
        trip_id,
        asked_at,
        until,
    )
    return all(row["is_new"] for row in rows)


async def is_begun_by_us(tx: Tx, tenant: Scope, thread_id: UUID) -> bool:
    return await tx.value(
        """SELECT direction = 'outbound' FROM messages WHERE organization_id = $1 AND thread_id = $2
           ORDER BY id LIMIT 1""",
        tenant.organization_id,
        thread_id,
    )
