"""SQL of what a month's judgements cost: taken before the call, settled by what the call really cost."""

from collections.abc import Mapping
from uuid import UUID

from agentpost_server.db import Tx

_MONTH = "date_trunc('month', now() AT TIME ZONE 'UTC')::date"


async def reserve(tx: Tx, wanted: Mapping[UUID, int], budget: int) -> set[UUID]:
    """The organizations whose budget has room for it: for them it is taken. Conditional, so exact between processes."""
    rows = await tx.rows(
        f"""INSERT INTO model_spending AS s (organization_id, month, tokens)
            SELECT w.organization_id, {_MONTH}, w.tokens
            FROM unnest($1::uuid[], $2::bigint[]) AS w(organization_id, tokens) WHERE w.tokens <= $3
            ORDER BY w.organization_id
            ON CONFLICT (organization_id, month) DO UPDATE SET tokens = s.tokens + EXCLUDED.tokens
              WHERE s.tokens + EXCLUDED.tokens <= $3
            RETURNING s.organization_id""",
        list(wanted),
        list(wanted.values()),
        budget,
    )
    return {row["organization_id"] for row in rows}


async def settle(tx: Tx, differences: Mapping[UUID, int]) -> None:
    """Add what it cost beyond what was taken; below zero gives back."""
    await tx.run(
        f"""UPDATE model_spending s SET tokens = GREATEST(0, s.tokens + d.tokens)
            FROM unnest($1::uuid[], $2::bigint[]) AS d(organization_id, tokens)
            WHERE s.organization_id = d.organization_id AND s.month = {_MONTH}""",
        list(differences),
        list(differences.values()),
    )
