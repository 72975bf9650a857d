"""SQL of domains that warm up."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from agentpost_server.db import Tx

Key = tuple[UUID, str]
"""An organization and the domain of its inboxes."""


async def open_days(tx: Tx, keys: Sequence[Key]) -> dict[Key, Any]:
    """Each domain's day of warming up (0: its first), what it has used of it, and the seconds until the next one (UTC).
    The rows stay locked until the transaction ends, so that whoever adds to `used` has seen all of it.

    A domain began when it first sent, also when it was long before anybody asked for a warm-up.
    """
    rows = await tx.rows(
        """WITH today AS (SELECT (now() AT TIME ZONE 'UTC')::date AS day)
           INSERT INTO warmups AS w (organization_id, domain, started_on, day)
           SELECT k.organization_id, k.domain, COALESCE(
               (SELECT w.started_on FROM warmups w WHERE w.organization_id = k.organization_id AND w.domain = k.domain),
               (SELECT (min(h.starts_at) AT TIME ZONE 'UTC')::date FROM domain_delivery_hours h
                WHERE h.organization_id = k.organization_id AND h.domain = k.domain AND h.sent > 0),
               today.day), today.day
           FROM unnest($1::uuid[], $2::text[]) AS k(organization_id, domain), today
           ORDER BY 1, 2
           ON CONFLICT (organization_id, domain) DO UPDATE SET day = EXCLUDED.day,
             used = CASE WHEN w.day = EXCLUDED.day THEN w.used ELSE 0 END
           RETURNING organization_id, domain, day - started_on AS days, used,
             EXTRACT(epoch FROM ((day + 1)::timestamp AT TIME ZONE 'UTC') - now())::float8 AS seconds_left""",
        [organization_id for organization_id, _ in keys],
        [domain for _, domain in keys],
    )
    return {(row["organization_id"], row["domain"]): row for row in rows}


async def use(tx: Tx, used: Mapping[Key, int]) -> None:
    """So many recipients more of each, whose row this transaction has locked."""
    await tx.run(
        """UPDATE warmups w SET used = w.used + n.used
           FROM unnest($1::uuid[], $2::text[], $3::integer[]) AS n(organization_id, domain, used)
           WHERE w.organization_id = n.organization_id AND w.domain = n.domain""",
        [organization_id for organization_id, _ in used],
        [domain for _, domain in used],
        list(used.values()),
    )
