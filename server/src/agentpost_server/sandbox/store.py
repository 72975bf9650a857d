"""SQL of the local network: whose call it is, and what was captured."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx


async def find_call(tx: Tx, organization_id: UUID, attempt_id: UUID) -> Any:
    """The attempt under way: its message and inbox, its environment's rules, and how many attempts there were."""
    return await tx.row(
        """SELECT t.organization_id, t.message_id, t.inbox_id, t.environment_id, i.email,
                  i.display_name, e.kind, e.allowed_recipients, e.clock_offset_seconds,
                  (SELECT count(*) FROM attempts n
                   WHERE n.organization_id = a.organization_id AND n.transmission_id = a.transmission_id) AS tries
           FROM attempts a
           JOIN transmissions t ON t.organization_id = a.organization_id AND t.id = a.transmission_id
           JOIN inboxes i ON i.organization_id = t.organization_id AND i.id = t.inbox_id
           JOIN environments e ON e.organization_id = t.organization_id AND e.id = t.environment_id
           WHERE a.organization_id = $1 AND a.id = $2""",
        organization_id,
        attempt_id,
    )


async def capture(
    tx: Tx, organization_id: UUID, environment_id: UUID, row_id: UUID, message_id: UUID, recipients: Sequence[str]
) -> None:
    await tx.run(
        """INSERT INTO sandbox_outbox (organization_id, environment_id, id, message_id, recipients)
           VALUES ($1, $2, $3, $4, $5)""",
        organization_id,
        environment_id,
        row_id,
        message_id,
        list(recipients),
    )


async def list_captured(tx: Tx, tenant: Scope, after: UUID | None, ascending: bool, limit: int) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT s.id, s.message_id, s.recipients, s.captured_at, m.inbox_id, m.thread_id, m.subject, m.from_address,
                   m.preview, m.has_attachments, m.size
            FROM sandbox_outbox s
            JOIN messages m ON m.organization_id = s.organization_id AND m.id = s.message_id
            JOIN inboxes i ON i.organization_id = m.organization_id AND i.id = m.inbox_id AND i.deleted_at IS NULL
            WHERE s.organization_id = $1 AND s.environment_id = $2 AND ($3::uuid IS NULL OR s.id {compare} $3)
              AND ($4::uuid[] = '{{}}' OR m.inbox_id = ANY($4))
            ORDER BY s.id {order} LIMIT $5""",
        tenant.organization_id,
        tenant.environment_id,
        after,
        list(tenant.inbox_ids),
        limit,
    )


ROUTE = "SELECT * FROM router.route_recipients($1::text[], $2::text[], $3::text[])"
