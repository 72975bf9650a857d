"""SQL of the audit log."""

from uuid import UUID

from agentpost_server.db import Row, Tx


async def insert(
    tx: Tx,
    organization_id: UUID,
    entry_id: UUID,
    actor: str,
    ip: str | None,
    action: str,
    target: str,
    before: str | None,
    after: str | None,
) -> None:
    await tx.run(
        """INSERT INTO audit_log (organization_id, id, actor, ip, action, target, before, after)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        organization_id,
        entry_id,
        actor,
        ip,
        action,
        target,
        before,
        after,
    )


async def list_entries(tx: Tx, organization_id: UUID, after: UUID | None, ascending: bool, limit: int) -> list[Row]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT * FROM audit_log WHERE organization_id = $1 AND ($2::uuid IS NULL OR id {compare} $2)
            ORDER BY id {order} LIMIT $3""",
        organization_id,
        after,
        limit,
    )
