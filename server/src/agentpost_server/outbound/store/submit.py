"""SQL of submitting: who sends, what is answered, and the rows of a message on its way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx


async def find_sender(tx: Tx, tenant: Scope, inbox_id: UUID) -> Any:
    """The inbox with what its domain, environment and organization say about sending.

    `own_domain` is the tenant's domain that it stands on, or stands below: None for the shared one, which receives.
    `is_governed`: the organization has policies or filter rules at all, and so must be asked what they say.
    """
    return await tx.row(
        """SELECT i.organization_id, i.id, i.email, i.domain, i.display_name, i.send_paused, i.pause_reason, e.kind,
                  e.clock_offset_seconds,
                  COALESCE(d.transport, e.transport) AS transport, e.allowed_recipients,
                  e.send_paused AS environment_paused, o.send_paused AS organization_paused,
                  d.domain AS own_domain, COALESCE(d.can_send, true) AS can_send,
                  COALESCE(d.can_receive, true) AS can_receive,
                  EXISTS (SELECT FROM policies p WHERE p.organization_id = i.organization_id)
                    OR EXISTS (SELECT FROM filter_rules f WHERE f.organization_id = i.organization_id) AS is_governed
           FROM inboxes i
           JOIN environments e ON e.organization_id = i.organization_id AND e.id = i.environment_id
           JOIN organizations o ON o.organization_id = i.organization_id
           LEFT JOIN LATERAL (
             SELECT d.domain, d.transport, d.can_send, d.can_receive
             FROM (SELECT ARRAY(SELECT array_to_string(l.labels[n:], '.')
                     FROM (SELECT string_to_array(i.domain, '.') AS labels) l,
                          generate_series(1, cardinality(l.labels)) n) AS names OFFSET 0) upwards
             JOIN domains d ON d.organization_id = i.organization_id AND d.environment_id = i.environment_id
               AND d.domain = ANY (upwards.names) AND (d.domain = i.domain OR d.subdomains_enabled)
             ORDER BY length(d.domain) DESC LIMIT 1
           ) d ON true
           WHERE i.organization_id = $1 AND i.environment_id = $2 AND i.id = $3 AND i.deleted_at IS NULL
             AND ($4::uuid[] = '{}' OR i.id = ANY($4))""",
        tenant.organization_id,
        tenant.environment_id,
        inbox_id,
        list(tenant.inbox_ids),
    )


async def find_original(tx: Tx, tenant: Scope, message_id: UUID) -> Any:
    """What answering a message needs of it. `text_body` and `html_body` are whole."""
    return await tx.row(
        """SELECT m.id, m.inbox_id, m.thread_id, m.direction, m.from_address, m.reply_to_addresses, m.to_addresses,
                  m.cc_addresses, m.subject, m.message_id_header, m.wire_message_ids, m.in_reply_to, m.reference_ids,
                  m.trust, m.authentication, m.flags, m.loop_class, m.created_at, m.received_at,
                  c.text_body, c.html_body
           FROM messages m
           JOIN inboxes i ON i.organization_id = m.organization_id AND i.id = m.inbox_id AND i.deleted_at IS NULL
           LEFT JOIN message_contents c ON c.organization_id = m.organization_id AND c.message_id = m.id
           WHERE m.organization_id = $1 AND m.environment_id = $2 AND m.id = $3
             AND ($4::uuid[] = '{}' OR m.inbox_id = ANY($4)) AND (m.status <> 'held' OR $5)""",
        tenant.organization_id,
        tenant.environment_id,
        message_id,
        list(tenant.inbox_ids),
        tenant.sees_held,
    )


async def find_cited(tx: Tx, tenant: Scope, inbox_id: UUID, fingerprint: bytes) -> Any:
    """The same of the mail of this inbox that has a Message-ID."""
    message_id = await tx.value(
        """SELECT message_id FROM thread_references
           WHERE organization_id = $1 AND inbox_id = $2 AND fingerprint = $3""",
        tenant.organization_id,
        inbox_id,
        fingerprint,
    )
    row = await find_original(tx, tenant, message_id) if message_id is not None else None
    return row if row is not None and row["inbox_id"] == inbox_id else None


async def is_visible(tx: Tx, tenant: Scope, message_id: UUID) -> bool:
    return await tx.value(
        """SELECT EXISTS (SELECT FROM messages m
             JOIN inboxes i ON i.organization_id = m.organization_id AND i.id = m.inbox_id AND i.deleted_at IS NULL
             WHERE m.organization_id = $1 AND m.environment_id = $2 AND m.id = $3
               AND ($4::uuid[] = '{}' OR m.inbox_id = ANY($4)) AND (m.status <> 'held' OR $5))""",
        tenant.organization_id,
        tenant.environment_id,
        message_id,
        list(tenant.inbox_ids),
        tenant.sees_held,
    )


async def count_messages(tx: Tx, tenant: Scope, message_ids: Sequence[UUID]) -> int:
    """How many of these messages the caller may see."""
    return await tx.value(
        """SELECT count(*) FROM messages WHERE organization_id = $1 AND environment_id = $2 AND id = ANY($3::uuid[])
             AND ($4::uuid[] = '{}' OR inbox_id = ANY($4)) AND (status <> 'held' OR $5)""",
        tenant.organization_id,
        tenant.environment_id,
        list(message_ids),
        list(tenant.inbox_ids),
        tenant.sees_held,
    )


async def attachment_ids_of(tx: Tx, tenant: Scope, message_id: UUID) -> list[UUID]:
    rows = await tx.rows(
        "SELECT id FROM attachments WHERE organization_id = $1 AND message_id = $2 ORDER BY position",
        tenant.organization_id,
        message_id,
    )
    return [row["id"] for row in rows]


async def insert_raw(
    tx: Tx, tenant: Scope, message_id: UUID, size: int, sha256: bytes, content: bytes | None, created_at: datetime
) -> None:
    """The composed bytes' row; `content` is None where they lie in the blob store."""
    await tx.run(
        """INSERT INTO blobs (organization_id, id, size, sha256, media_type, content, created_at)
           VALUES ($1, $2, $3, $4, 'message/rfc822', $5, $6)""",
        tenant.organization_id,
        message_id,
        size,
        sha256,
        content,
        created_at,
    )


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept with the calls of a message, the same with each. `author`: as JSON, of scheduled mail alone, which
    may come too late and ask a person then."""

    list_unsubscribe: bool
    track_opens: bool
    author: str | None


async def insert_transmissions(
    tx: Tx, tenant: Scope, inbox_id: UUID, message_id: UUID, due_at: datetime, rows: Sequence[tuple[Any, ...]],
    kept: Kept,
) -> None:  # fmt: skip
    """(id, transports, domain, mail_from, recipients) of each call that is to be made."""
    await tx.run(
        """INSERT INTO transmissions (organization_id, id, environment_id, inbox_id, message_id, transport, transports,
               domain, mail_from, recipients, list_unsubscribe, track_opens, author, first_due_at, due_at)
           SELECT $1, t.id, $2, $3, $4, split_part(t.transports, E'\\n', 1), string_to_array(t.transports, E'\\n'),
               t.domain, t.mail_from, string_to_array(t.recipients, E'\\n'), $11, $12, $13, $5, $5
           FROM unnest($6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[])
             AS t(id, transports, domain, mail_from, recipients)""",
        tenant.organization_id,
        tenant.environment_id,
        inbox_id,
        message_id,
        due_at,
        [row[0] for row in rows],
        ["\n".join(row[1]) for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
        ["\n".join(row[4]) for row in rows],
        kept.list_unsubscribe,
        kept.track_opens,
        kept.author,
    )


async def insert_recipients(tx: Tx, tenant: Scope, message_id: UUID, rows: Sequence[tuple[object, ...]]) -> None:
    """(email, kind, status, suppression_reason, transmission) of each, in their order."""
    await tx.run(
        """INSERT INTO recipients (organization_id, message_id, email, position, kind, status, suppression_reason,
               transmission_id)
           SELECT $1, $2, r.email, r.position, r.kind, r.status, r.reason, r.transmission_id
           FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[])
             WITH ORDINALITY AS r(email, kind, status, reason, transmission_id, position)""",
        tenant.organization_id,
        message_id,
        *[[row[n] for row in rows] for n in range(5)],
    )


async def withdraw(tx: Tx, tenant: Scope, message_id: UUID, due_at: datetime | None) -> None:
    """No call that was claimed and not begun may begin now. None: never again; else due at that time."""
    await tx.run(
        """UPDATE transmissions SET due_at = $3, first_due_at = COALESCE($3, first_due_at), attempts = attempts + 1
           WHERE organization_id = $1 AND message_id = $2 AND due_at IS NOT NULL""",
        tenant.organization_id,
        message_id,
        due_at,
    )


async def set_send_at(tx: Tx, tenant: Scope, message_id: UUID, send_at: datetime | None) -> None:
    await tx.run(
        "UPDATE messages SET send_at = $3 WHERE organization_id = $1 AND id = $2",
        tenant.organization_id,
        message_id,
        send_at,
    )


async def find_attachment(tx: Tx, tenant: Scope, inbox_id: UUID, attachment_id: UUID) -> Any:
    """A file of a message in this inbox that the caller may see."""
    return await tx.row(
        """SELECT a.id, a.filename, a.mime_type, a.declared_mime_type, a.disposition, a.content_id FROM attachments a
           JOIN messages m ON m.organization_id = a.organization_id AND m.id = a.message_id
           WHERE a.organization_id = $1 AND a.environment_id = $2 AND a.inbox_id = $3 AND a.id = $4
             AND (m.status <> 'held' OR $5)""",
        tenant.organization_id,
        tenant.environment_id,
        inbox_id,
        attachment_id,
        tenant.sees_held,
    )
