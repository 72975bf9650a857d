"""SQL of the second look: what a message was judged, and by which policies it would be now."""

from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.policies import SCREENING_POLICIES


async def read(tx: Tx, tenant: Scope, message_id: UUID) -> Any:
    """None for a message that was never judged: what the tenant sends, and what could not be read."""
    return await tx.row(
        f"""SELECT m.screening, {SCREENING_POLICIES} AS policies FROM messages m
            WHERE m.organization_id = $1 AND m.id = $2 AND m.direction = 'inbound' AND m.screening IS NOT NULL""",
        tenant.organization_id,
        message_id,
    )


async def write(tx: Tx, tenant: Scope, message_id: UUID, screening: str) -> None:
    await tx.run(
        "UPDATE messages SET screening = $3 WHERE organization_id = $1 AND id = $2",
        tenant.organization_id,
        message_id,
        screening,
    )
