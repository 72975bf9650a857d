"""SQL of deleting messages, threads and what is left of inboxes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Database, Tx
from agentpost_server.messages.store import visible

# The rows of one message: what cascades from it does; its bytes and those of its files are named by their ids.
_DELETE = """
WITH doomed AS (
    SELECT unnest($2::uuid[]) AS id
    UNION ALL SELECT id FROM attachments WHERE organization_id = $1 AND message_id = ANY ($2)
), bytes AS (
    DELETE FROM blobs b USING doomed d WHERE b.organization_id = $1 AND b.id = d.id
    RETURNING b.id, b.created_at, b.content IS NULL AS elsewhere
), objects AS (
    INSERT INTO doomed_blobs (organization_id, id, stored_at)
    SELECT $1, id, created_at FROM bytes WHERE elsewhere ON CONFLICT DO NOTHING
), facets AS (
    DELETE FROM message_facets WHERE organization_id = $1 AND message_id = ANY ($2)
), heard AS (
    UPDATE thread_references r SET message_id = NULL
    WHERE r.organization_id = $1 AND r.message_id = ANY ($2)
      AND r.thread_id IN (SELECT m.thread_id FROM messages m WHERE m.organization_id = $1 AND m.id = ANY ($2))
)
DELETE FROM messages WHERE organization_id = $1 AND id = ANY ($2)
"""
_REFRESH = """
UPDATE threads t SET message_count = s.n, last_message_id = l.id, preview = COALESCE(l.preview, ''),
    last_message_at = COALESCE(l.created_at, t.last_message_at), has_attachments = COALESCE(s.files, false),
    labels = s.labels, participants = COALESCE(p.people, CASE s.n WHEN 0 THEN '[]' ELSE t.participants END),
    subject = CASE WHEN t.message_count = 0 THEN COALESCE(f.subject, t.subject) ELSE t.subject END
FROM unnest($2::uuid[]) AS a(id)
CROSS JOIN LATERAL (
    SELECT count(*)::integer AS n, bool_or(m.has_attachments) AS files, ARRAY(
        SELECT DISTINCT label FROM messages m CROSS JOIN unnest(m.labels) AS label
        WHERE m.organization_id = $1 AND m.thread_id = a.id AND m.status <> 'held' ORDER BY label) AS labels
    FROM messages m WHERE m.organization_id = $1 AND m.thread_id = a.id AND m.status <> 'held'
) s
LEFT JOIN LATERAL (
    SELECT m.id, m.created_at, m.preview FROM messages m
    WHERE m.organization_id = $1 AND m.thread_id = a.id AND m.status <> 'held'
    ORDER BY m.created_at DESC, m.id DESC LIMIT 1
) l ON true
LEFT JOIN LATERAL (
    SELECT m.id, m.subject FROM messages m
    WHERE m.organization_id = $1 AND m.thread_id = a.id AND m.status <> 'held' ORDER BY m.id LIMIT 1
) f ON true
CROSS JOIN LATERAL (
    SELECT jsonb_agg(first.person ORDER BY first.message_id, first.n) AS people FROM (
        SELECT * FROM (
            SELECT DISTINCT ON (lower(person ->> 'email')) person, m.id AS message_id, n FROM messages m
            CROSS JOIN LATERAL jsonb_array_elements(
                jsonb_build_array(m.from_address) || m.to_addresses || m.cc_addresses
                || CASE WHEN m.direction = 'outbound' THEN m.bcc_addresses ELSE '[]' END)
                WITH ORDINALITY AS e(person, n)
            WHERE m.organization_id = $1 AND m.thread_id = a.id AND 'untrusted_participant' <> ALL (m.flags)
                AND m.status <> 'held' AND (m.trust <> 'failed' OR m.id = f.id)
            ORDER BY lower(person ->> 'email'), m.id, n
        ) each ORDER BY message_id, n LIMIT 100
    ) first
) p
WHERE t.organization_id = $1 AND t.id = a.id
"""


async def lock_threads(tx: Tx, organization_id: UUID, message_ids: Sequence[UUID]) -> None:
    """Nobody adds to these threads until we end: one that loses its last message goes."""
    await tx.run(
        """SELECT t.id FROM threads t WHERE t.organization_id = $1 AND t.id IN (
             SELECT m.thread_id FROM messages m WHERE m.organization_id = $1 AND m.id = ANY ($2))
           ORDER BY t.id FOR UPDATE""",
        organization_id,
        list(message_ids),
    )


async def lock_messages(tx: Tx, organization_id: UUID, message_ids: Sequence[UUID]) -> list[Any]:
    """With `in_flight`: whether something of it may still be handed to a transport."""
    return await tx.rows(
        """SELECT m.id, m.environment_id, m.inbox_id, m.thread_id,
             m.status IN ('scheduled', 'pending_approval', 'queued', 'sending') OR EXISTS (
               SELECT FROM transmissions t WHERE t.organization_id = $1 AND t.message_id = m.id AND t.due_at IS NOT NULL
             ) AS in_flight
           FROM messages m WHERE m.organization_id = $1 AND m.id = ANY ($2) ORDER BY m.id FOR UPDATE""",
        organization_id,
        list(message_ids),
    )


async def is_visible(tx: Tx, tenant: Scope, message_id: UUID) -> bool:
    return await tx.value(
        f"SELECT EXISTS (SELECT FROM messages m WHERE {visible(tenant)} AND m.id = $4)",
        tenant.organization_id,
        tenant.environment_id,
        list(tenant.inbox_ids),
        message_id,
    )


async def of_thread(tx: Tx, tenant: Scope, thread_id: UUID) -> list[UUID]:
    rows = await tx.rows(
        f"SELECT m.id FROM messages m WHERE {visible(tenant)} AND m.thread_id = $4",
        tenant.organization_id,
        tenant.environment_id,
        list(tenant.inbox_ids),
        thread_id,
    )
    return [row["id"] for row in rows]


async def of_inbox(tx: Tx, organization_id: UUID, inbox_id: UUID, limit: int) -> list[UUID]:
    rows = await tx.rows(
        "SELECT id FROM messages WHERE organization_id = $1 AND inbox_id = $2 ORDER BY id LIMIT $3",
        organization_id,
        inbox_id,
        limit,
    )
    return [row["id"] for row in rows]


async def delete(tx: Tx, organization_id: UUID, message_ids: Sequence[UUID]) -> None:
    """Messages with all that hangs on them. Objects of the blob store are noted, and go by `sweep_blobs`."""
    await tx.run(_DELETE, organization_id, list(message_ids))


async def refresh_threads(tx: Tx, organization_id: UUID, thread_ids: Sequence[UUID]) -> None:
    """What a thread tells of its messages, withheld ones aside, told again; one without messages goes."""
    await tx.run(_REFRESH, organization_id, list(thread_ids))
    await tx.run(
        """DELETE FROM threads t WHERE t.organization_id = $1 AND t.id = ANY ($2)
             AND NOT EXISTS (SELECT FROM messages m WHERE m.organization_id = $1 AND m.thread_id = t.id)""",
        organization_id,
        list(thread_ids),
    )


async def delete_rest_of_inbox(tx: Tx, organization_id: UUID, inbox_id: UUID) -> None:
    """Threads, drafts, mail not yet ingested and its bytes, and the inbox itself; the address stays a tombstone."""
    await tx.run(
        """WITH mails AS (DELETE FROM inbound_mails WHERE organization_id = $1 AND inbox_id = $2 RETURNING id),
           waiting AS (SELECT id FROM mails UNION ALL SELECT f.id FROM drafts d
             JOIN draft_files f ON f.organization_id = d.organization_id AND f.draft_id = d.id
             WHERE d.organization_id = $1 AND d.inbox_id = $2),
           bytes AS (DELETE FROM blobs b USING waiting w WHERE b.organization_id = $1 AND b.id = w.id
             RETURNING b.id, b.created_at, b.content IS NULL AS elsewhere),
           objects AS (INSERT INTO doomed_blobs (organization_id, id, stored_at)
             SELECT $1, id, created_at FROM bytes WHERE elsewhere ON CONFLICT DO NOTHING)
           DELETE FROM inbound_seen WHERE organization_id = $1 AND inbox_id = $2""",
        organization_id,
        inbox_id,
    )
    await tx.run("DELETE FROM drafts WHERE organization_id = $1 AND inbox_id = $2", organization_id, inbox_id)
    await tx.run("DELETE FROM threads WHERE organization_id = $1 AND inbox_id = $2", organization_id, inbox_id)
    await tx.run(
        "UPDATE domains SET catch_all_inbox_id = NULL WHERE organization_id = $1 AND catch_all_inbox_id = $2",
        organization_id,
        inbox_id,
    )
    await tx.run(
        "DELETE FROM inboxes WHERE organization_id = $1 AND id = $2 AND deleted_at IS NOT NULL",
        organization_id,
        inbox_id,
    )


async def deleted_inboxes(database: Database, batch: int, settled_seconds: int) -> list[Any]:
    return await database.route("SELECT * FROM router.deleted_inboxes($1, $2)", batch, settled_seconds)


async def expired_messages(database: Database, batch: int, per_environment: int) -> list[Any]:
    return await database.route("SELECT * FROM router.expired_messages($1, $2)", batch, per_environment)


async def doomed_blobs(database: Database, batch: int) -> list[Any]:
    return await database.route("SELECT * FROM router.doomed_blobs($1)", batch)


async def forget_doomed(tx: Tx, organization_ids: Sequence[UUID], blob_ids: Sequence[UUID]) -> None:
    await tx.run(
        """DELETE FROM doomed_blobs d USING unnest($1::uuid[], $2::uuid[]) AS a(organization_id, id)
           WHERE d.organization_id = a.organization_id AND d.id = a.id""",
        list(organization_ids),
        list(blob_ids),
    )


async def prune_uploads(database: Database, batch: int) -> int:
    rows = await database.route("SELECT router.prune_uploads($1) AS gone", batch)
    return rows[0]["gone"]
