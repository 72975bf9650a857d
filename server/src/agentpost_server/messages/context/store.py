"""SQL of a thread's context: its newest messages with their bodies, as many as one answer can be made of."""

from typing import Any, Final
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages.store import visible

_MESSAGES: Final = 200
_OCTETS: Final = 2 * 1024 * 1024


async def newest(tx: Tx, tenant: Scope, thread_id: UUID, up_to: UUID, predecessors: int) -> list[Any]:
    """Newest first from message `up_to` on. `shown` marks those of which an answer may be made (the first, and more
    while their bodies have 2 MiB); as many predecessors follow. Sizes are read without the bodies."""
    return await tx.rows(
        f"""WITH listed AS (
              SELECT m.id, row_number() OVER newest AS n,
                COALESCE(sum(octet_length(c.html_body)) OVER newest, 0)
                  + COALESCE(sum(octet_length(c.text_body)) OVER newest, 0) AS octets
              FROM messages m
              LEFT JOIN message_contents c ON c.organization_id = m.organization_id AND c.message_id = m.id
              WHERE {visible(tenant)} AND m.thread_id = $4 AND m.id <= $5
              WINDOW newest AS (ORDER BY m.id DESC ROWS UNBOUNDED PRECEDING)
              ORDER BY m.id DESC LIMIT {_MESSAGES} + $6
            ), counted AS (
              SELECT GREATEST(1, count(*) FILTER (WHERE octets <= {_OCTETS} AND n <= {_MESSAGES})) AS shown FROM listed
            )
            SELECT m.id, m.direction, m.status, m.trust, m.from_address, m.subject, m.created_at, c.html_body,
              c.text_body, l.n <= k.shown AS shown
            FROM listed l CROSS JOIN counted k
            JOIN messages m ON m.organization_id = $1 AND m.id = l.id
            LEFT JOIN message_contents c ON c.organization_id = m.organization_id AND c.message_id = m.id
            WHERE l.n <= k.shown + $6 ORDER BY l.n""",
        tenant.organization_id,
        tenant.environment_id,
        list(tenant.inbox_ids),
        thread_id,
        up_to,
        predecessors,
    )
