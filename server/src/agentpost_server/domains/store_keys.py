"""SQL of DKIM keys."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.db import Tx


async def insert(
    tx: Tx, organization_id: UUID, domain_id: UUID, *, selector: str, public_key: str, private_key: bytes
) -> None:
    await tx.run(
        """INSERT INTO dkim_keys (organization_id, domain_id, selector, public_key, private_key)
           VALUES ($1, $2, $3, $4, $5)""",
        organization_id,
        domain_id,
        selector,
        public_key,
        private_key,
    )


async def activate(tx: Tx, organization_id: UUID, domain_id: UUID, selector: str, *, overlap_seconds: float) -> None:
    """From now on this one signs; what signed before is published a while longer."""
    await tx.run(
        """UPDATE dkim_keys SET active_at = CASE WHEN selector = $3 THEN now() ELSE active_at END,
             retires_at = CASE WHEN selector <> $3 AND retires_at IS NULL
               THEN now() + make_interval(secs => $4) ELSE retires_at END
           WHERE organization_id = $1 AND domain_id = $2""",
        organization_id,
        domain_id,
        selector,
        overlap_seconds,
    )


async def retire(tx: Tx, organization_id: UUID, domain_id: UUID) -> None:
    """Forget the keys whose overlap is over."""
    await tx.run(
        "DELETE FROM dkim_keys WHERE organization_id = $1 AND domain_id = $2 AND retires_at < now()",
        organization_id,
        domain_id,
    )


async def sending(tx: Tx, rows: Sequence[tuple[UUID, UUID, str, str]]) -> list[Any]:
    """For each (organization, environment, name) the nearest domain with its key, out of its candidates: the domain of
    that name itself, or one above it whose subdomains are enabled."""
    return await tx.rows(
        """SELECT DISTINCT ON (a.organization_id, a.environment_id, a.name) a.organization_id, a.environment_id,
             a.name, d.domain, d.can_send, k.selector, k.private_key
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
             AS a(organization_id, environment_id, name, candidate)
           JOIN domains d ON d.organization_id = a.organization_id AND d.environment_id = a.environment_id
             AND d.domain = a.candidate AND (d.domain = a.name OR d.subdomains_enabled)
           LEFT JOIN dkim_keys k ON k.organization_id = d.organization_id AND k.domain_id = d.id
             AND k.active_at IS NOT NULL
           ORDER BY a.organization_id, a.environment_id, a.name, length(d.domain) DESC, k.active_at DESC""",
        *[list(column) for column in zip(*rows, strict=True)],
    )
