"""SQL of the suppression list: one row for each address of an environment, the first reason stands."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx


async def suppress(tx: Tx, rows: Sequence[tuple[object, ...]]) -> None:
    """(organization, environment, email, id, reason, message, detail) of each; who is listed already stays as it is."""
    await tx.run(
        """INSERT INTO suppressions (organization_id, environment_id, email, id, reason, message_id, detail)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::uuid[], $7::text[])
           ON CONFLICT (organization_id, environment_id, email) DO NOTHING""",
        *[[row[n] for row in rows] for n in range(7)],
    )


async def find_by_email(tx: Tx, tenant: Scope, email: str) -> Any:
    return await tx.row(
        "SELECT * FROM suppressions WHERE organization_id = $1 AND environment_id = $2 AND email = $3",
        tenant.organization_id,
        tenant.environment_id,
        email,
    )


async def find(tx: Tx, tenant: Scope, suppression_id: UUID) -> Any:
    return await tx.row(
        "SELECT * FROM suppressions WHERE organization_id = $1 AND environment_id = $2 AND id = $3",
        tenant.organization_id,
        tenant.environment_id,
        suppression_id,
    )


async def list_by_id(tx: Tx, tenant: Scope, after: UUID | None, ascending: bool, limit: int) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT * FROM suppressions
            WHERE organization_id = $1 AND environment_id = $2 AND ($3::uuid IS NULL OR id {compare} $3)
            ORDER BY id {order} LIMIT $4""",
        tenant.organization_id,
        tenant.environment_id,
        after,
        limit,
    )


async def delete(tx: Tx, tenant: Scope, suppression_id: UUID) -> bool:
    gone = await tx.run(
        "DELETE FROM suppressions WHERE organization_id = $1 AND environment_id = $2 AND id = $3",
        tenant.organization_id,
        tenant.environment_id,
        suppression_id,
    )
    return gone == "DELETE 1"


async def reasons(tx: Tx, tenant: Scope, emails: Sequence[str]) -> dict[str, str]:
    """Why each of these addresses is suppressed; who is not, is not in it."""
    rows = await tx.rows(
        """SELECT email, reason FROM suppressions
           WHERE organization_id = $1 AND environment_id = $2 AND email = ANY($3::text[])""",
        tenant.organization_id,
        tenant.environment_id,
        list(emails),
    )
    return {row["email"]: row["reason"] for row in rows}
