"""SQL of the audit log."""

from uuid import UUID

from agentpost_server.db import Tx


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
