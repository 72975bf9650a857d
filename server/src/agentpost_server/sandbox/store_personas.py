"""SQL of scripted correspondents."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx


async def write(tx: Tx, tenant: Scope, email: str, **fields: Any) -> Any:
    """The row, made or written anew; `is_new` says which."""
    return await tx.row(
        """INSERT INTO sandbox_personas (organization_id, environment_id, email, name, script, afterwards,
             authentication)
           VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7::jsonb)
           ON CONFLICT (organization_id, environment_id, email) DO UPDATE SET name = EXCLUDED.name,
             script = EXCLUDED.script, afterwards = EXCLUDED.afterwards, authentication = EXCLUDED.authentication,
             updated_at = now()
           RETURNING *, xmax = 0 AS is_new""",
        tenant.organization_id,
        tenant.environment_id,
        email,
        fields["name"],
        fields["script"],
        fields["afterwards"],
        fields["authentication"],
    )


async def list_all(tx: Tx, tenant: Scope, after: str | None, ascending: bool, limit: int) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT * FROM sandbox_personas WHERE organization_id = $1 AND environment_id = $2
              AND ($3::text IS NULL OR email {compare} $3) ORDER BY email {order} LIMIT $4""",
        tenant.organization_id,
        tenant.environment_id,
        after,
        limit,
    )


async def find_many(tx: Tx, organization_id: UUID, environment_id: UUID, emails: Sequence[str]) -> list[Any]:
    return await tx.rows(
        """SELECT * FROM sandbox_personas WHERE organization_id = $1 AND environment_id = $2
             AND email = ANY ($3::text[])""",
        organization_id,
        environment_id,
        list(emails),
    )


async def place_in_conversation(tx: Tx, organization_id: UUID, message_id: UUID, email: str) -> int:
    """The how many-th mail of its thread to this address a message is, counted from 1."""
    return await tx.value(
        """SELECT count(*) FROM messages this
           JOIN messages m ON m.organization_id = this.organization_id AND m.thread_id = this.thread_id
             AND m.id <= this.id
           JOIN recipients r ON r.organization_id = m.organization_id AND r.message_id = m.id AND r.email = $3
           WHERE this.organization_id = $1 AND this.id = $2""",
        organization_id,
        message_id,
        email,
    )
