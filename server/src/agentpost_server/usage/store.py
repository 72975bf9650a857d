"""SQL of the usage counters."""

from datetime import date
from uuid import UUID

from agentpost_server.db import Tx


async def add(tx: Tx, counts: list[tuple[UUID, date, str, int]]) -> None:
    await tx.run(
        """INSERT INTO usage_counters AS u (organization_id, day, counter, value)
           SELECT * FROM unnest($1::uuid[], $2::date[], $3::text[], $4::bigint[])
           ON CONFLICT (organization_id, day, counter) DO UPDATE SET value = u.value + EXCLUDED.value""",
        *[list(column) for column in zip(*counts, strict=True)],
    )


async def totals(tx: Tx, organization_id: UUID, since: date) -> dict[str, int]:
    rows = await tx.rows(
        """SELECT counter, sum(value)::bigint AS value FROM usage_counters
           WHERE organization_id = $1 AND day >= $2 GROUP BY counter""",
        organization_id,
        since,
    )
    return {row["counter"]: row["value"] for row in rows}
