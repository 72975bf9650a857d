"""SQL of recipients' states: the messages they belong to are locked first, always in the order of their ids."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.db import Tx


async def lock_messages(tx: Tx, keys: Sequence[tuple[UUID, UUID]]) -> list[Any]:
    """The messages of (organization, message) pairs, locked until the transaction ends."""
    return await tx.rows(
        """SELECT m.organization_id, m.id, m.environment_id, m.inbox_id, m.thread_id, m.status, m.subject,
                  m.from_address, m.to_addresses, m.send_at, m.sent_at
           FROM messages m JOIN unnest($1::uuid[], $2::uuid[]) AS k(organization_id, id)
             ON m.organization_id = k.organization_id AND m.id = k.id
           ORDER BY m.organization_id, m.id FOR UPDATE OF m""",
        [organization_id for organization_id, _ in keys],
        [message_id for _, message_id in keys],
    )


async def recipients_of(tx: Tx, keys: Sequence[tuple[UUID, UUID]]) -> list[Any]:
    """Every recipient of the messages, in the order they were given. Asked behind the lock: its snapshot is younger."""
    return await tx.rows(
        """SELECT r.organization_id, r.message_id, r.email, r.status, r.transmission_id
           FROM recipients r JOIN unnest($1::uuid[], $2::uuid[]) AS k(organization_id, id)
             ON r.organization_id = k.organization_id AND r.message_id = k.id
           ORDER BY r.organization_id, r.message_id, r.position""",
        [organization_id for organization_id, _ in keys],
        [message_id for _, message_id in keys],
    )


async def write_recipients(tx: Tx, rows: Sequence[tuple[object, ...]]) -> None:
    """(organization, message, email, status, detail, suppression_reason) of each recipient that moved."""
    await tx.run(
        """UPDATE recipients r SET status = n.status, detail = n.detail, suppression_reason = n.reason,
               updated_at = now()
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
             AS n(organization_id, message_id, email, status, detail, reason)
           WHERE r.organization_id = n.organization_id AND r.message_id = n.message_id AND r.email = n.email""",
        *_columns(rows, 6),
    )


async def write_messages(tx: Tx, rows: Sequence[tuple[object, ...]]) -> None:
    """(organization, message, old status, new status, was sent) of each; the list filter's facet moves along."""
    await tx.run(
        """WITH n AS (
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::boolean[])
               AS n(organization_id, message_id, before, status, sent)
           ), facets AS (
             UPDATE message_facets f SET facet = 'status:' || n.status FROM n
             WHERE f.organization_id = n.organization_id AND f.message_id = n.message_id
               AND f.facet = 'status:' || n.before AND n.before <> n.status
           )
           UPDATE messages m SET status = n.status,
               -- Where the clock was advanced (tests), nothing is sent before it was written or was to be sent.
               sent_at = CASE WHEN n.sent THEN COALESCE(m.sent_at, GREATEST(now(), m.created_at, m.send_at))
                 ELSE m.sent_at END
           FROM n WHERE m.organization_id = n.organization_id AND m.id = n.message_id""",
        *_columns(rows, 5),
    )


_EVENTS = """INSERT INTO message_events (organization_id, id, message_id, type, recipient, transport, attempt,
               bounce_type, smtp_code, enhanced_code, detail)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::integer[],
               $8::text[], $9::integer[], $10::text[], $11::text[])"""
_MARKS = """INSERT INTO delivery_marks (organization_id, environment_id, inbox_id, sent, delivered, bounced,
               hard_bounced, complained)
           SELECT * FROM unnest($12::uuid[], $13::uuid[], $14::uuid[], $15::integer[], $16::integer[], $17::integer[],
               $18::integer[], $19::integer[])"""


async def insert_message_events(
    tx: Tx, rows: Sequence[tuple[object, ...]], marks: Sequence[tuple[object, ...]] = ()
) -> None:
    """(organization, id, message, type, recipient, transport, attempt, bounce_type, codes…, detail) of each; in the
    same statement the marks of what they count as."""
    if marks:
        await tx.run(f"WITH marks AS ({_MARKS}) {_EVENTS}", *_columns(rows, 11), *_columns(marks, 8))
    else:
        await tx.run(_EVENTS, *_columns(rows, 11))


async def list_message_events(
    tx: Tx, organization_id: UUID, message_id: UUID, after: UUID | None, ascending: bool, limit: int
) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT id, type, recipient, at, transport, attempt, bounce_type, smtp_code, enhanced_code, detail
            FROM message_events
            WHERE organization_id = $1 AND message_id = $2 AND ($3::uuid IS NULL OR id {compare} $3)
            ORDER BY id {order} LIMIT $4""",
        organization_id,
        message_id,
        after,
        limit,
    )


async def find_transmission(tx: Tx, organization_id: UUID, transmission_id: UUID) -> Any:
    """The message that a transmission carried."""
    return await tx.row(
        "SELECT message_id, transport FROM transmissions WHERE organization_id = $1 AND id = $2",
        organization_id,
        transmission_id,
    )


def _columns(rows: Sequence[tuple[object, ...]], count: int) -> list[list[object]]:
    return [[row[n] for row in rows] for n in range(count)]
