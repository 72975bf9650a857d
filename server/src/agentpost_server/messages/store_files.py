"""SQL of bytes: raw mail, attachments, uploads."""

from datetime import datetime
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages.store import visible, visible_file


async def raw(tx: Tx, tenant: Scope, message_id: UUID) -> Any:
    """What the raw form of a message is made of. `content` is null where the bytes are in the blob store."""
    return await tx.row(
        f"""SELECT m.id, m.direction, m.envelope, m.authentication,
              COALESCE(m.received_at, m.created_at) AS received_at, b.content, b.created_at AS stored_at
            FROM messages m LEFT JOIN blobs b ON b.organization_id = m.organization_id AND b.id = m.id
            WHERE {visible(tenant)} AND m.id = $4""",
        tenant.organization_id,
        tenant.environment_id,
        list(tenant.inbox_ids),
        message_id,
    )


async def attachment(tx: Tx, tenant: Scope, attachment_id: UUID) -> Any:
    """`json` holds the row as the database writes it; `in_store`: its bytes lie in the blob store."""
    return await tx.row(
        f"""SELECT m.id, m.filename, m.mime_type, m.flags, json_build_array(m)::text AS json,
              b.created_at AS stored_at, b.content IS NULL AS in_store
            FROM attachments m LEFT JOIN blobs b ON b.organization_id = m.organization_id AND b.id = m.id
            WHERE {visible_file(tenant)} AND m.id = $4""",
        tenant.organization_id,
        tenant.environment_id,
        list(tenant.inbox_ids),
        attachment_id,
    )


async def linked_file(tx: Tx, organization_id: UUID, attachment_id: UUID) -> Any:
    """A file by its signed link: the link's maker was allowed to see it; its inbox must still be there."""
    return await tx.row(
        """SELECT a.filename, a.mime_type, a.flags, a.size, b.content, b.created_at AS stored_at
           FROM attachments a
           JOIN inboxes i ON i.organization_id = a.organization_id AND i.id = a.inbox_id AND i.deleted_at IS NULL
           JOIN blobs b ON b.organization_id = a.organization_id AND b.id = a.id
           WHERE a.organization_id = $1 AND a.id = $2""",
        organization_id,
        attachment_id,
    )


async def blob(tx: Tx, organization_id: UUID, blob_id: UUID) -> Any:
    return await tx.row(
        "SELECT content, created_at AS stored_at FROM blobs WHERE organization_id = $1 AND id = $2",
        organization_id,
        blob_id,
    )


async def insert_upload(
    tx: Tx, tenant: Scope, upload_id: UUID, *, filename: str, mime_type: str, size: int, expires_at: datetime
) -> None:
    await tx.run(
        """INSERT INTO uploads (organization_id, id, environment_id, filename, mime_type, size, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        tenant.organization_id,
        upload_id,
        tenant.environment_id,
        filename,
        mime_type,
        size,
        expires_at,
    )


async def insert_blob(
    tx: Tx,
    organization_id: UUID,
    blob_id: UUID,
    *,
    size: int,
    sha256: bytes | None,
    mime_type: str,
    content: bytes | None,
    stored_at: datetime,
) -> bool:
    """False when there is one already: another's, committed before this statement ended."""
    inserted = await tx.value(
        """INSERT INTO blobs (organization_id, id, size, sha256, media_type, content, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING true""",
        organization_id,
        blob_id,
        size,
        sha256,
        mime_type,
        content,
        stored_at,
    )
    return inserted is True


async def upload(tx: Tx, tenant: Scope, upload_id: UUID) -> Any:
    return await tx.row(
        """SELECT u.id, u.filename, u.mime_type, u.size FROM uploads u
           JOIN blobs b ON b.organization_id = u.organization_id AND b.id = u.id
           WHERE u.organization_id = $1 AND u.environment_id = $2 AND u.id = $3 AND u.expires_at > now()""",
        tenant.organization_id,
        tenant.environment_id,
        upload_id,
    )


async def linked_upload(tx: Tx, organization_id: UUID, upload_id: UUID) -> Any:
    """The upload that a signed link names, with the hash of what was stored already (else null)."""
    return await tx.row(
        """SELECT u.mime_type, u.size, b.sha256 FROM uploads u
            LEFT JOIN blobs b ON b.organization_id = u.organization_id AND b.id = u.id
            WHERE u.organization_id = $1 AND u.id = $2 AND u.expires_at > now()""",
        organization_id,
        upload_id,
    )
