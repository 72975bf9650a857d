"""SQL of the live streams: tickets, and the question whether an inbox is there."""

from datetime import datetime
from uuid import UUID

from agentpost_server.db import Tx


async def inbox_exists(tx: Tx, organization_id: UUID, environment_ids: tuple[UUID, ...], inbox_id: UUID) -> bool:
    return await tx.value(
        """SELECT EXISTS (SELECT FROM inboxes WHERE organization_id = $1 AND environment_id = ANY($2) AND id = $3
             AND deleted_at IS NULL)""",
        organization_id,
        list(environment_ids),
        inbox_id,
    )


async def insert_ticket(
    tx: Tx, organization_id: UUID, ticket_hash: bytes, secret_hash: bytes, seconds: int
) -> datetime:
    """Answers when it expires."""
    return await tx.value(
        """INSERT INTO stream_tickets (organization_id, ticket_hash, secret_hash, expires_at)
           VALUES ($1, $2, $3, now() + make_interval(secs => $4)) RETURNING expires_at""",
        organization_id,
        ticket_hash,
        secret_hash,
        seconds,
    )


async def take_ticket(tx: Tx, organization_id: UUID, ticket_hash: bytes) -> bytes | None:
    """The hash of the key behind it; the row goes in the same statement, so that only one can have it."""
    return await tx.value(
        """DELETE FROM stream_tickets WHERE organization_id = $1 AND ticket_hash = $2 AND expires_at > now()
           RETURNING secret_hash""",
        organization_id,
        ticket_hash,
    )
