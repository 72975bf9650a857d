"""SQL of filter rules."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx

# What a caller sees: what holds in its environment, the organization's own included.
_MINE = "organization_id = $1 AND (environment_id IS NULL OR environment_id = $2)"
_PLACE = "environment_id IS NOT DISTINCT FROM $3 AND inbox_id IS NOT DISTINCT FROM $4"


async def insert(
    tx: Tx, tenant: Scope, rule_id: UUID, environment_id: UUID | None, inbox_id: UUID | None, **fields: Any
) -> Any:
    """None where the same rule stands at the same place."""
    return await tx.row(
        """INSERT INTO filter_rules (organization_id, id, environment_id, inbox_id, direction, action, match_type,
               value, require_authentication, reason)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING *""",
        tenant.organization_id,
        rule_id,
        environment_id,
        inbox_id,
        fields["direction"],
        fields["action"],
        fields["match_type"],
        fields["value"],
        fields["require_authentication"],
        fields["reason"],
    )


async def find_same(
    tx: Tx,
    tenant: Scope,
    environment_id: UUID | None,
    inbox_id: UUID | None,
    *,
    direction: str,
    action: str,
    value: str,
) -> Any:
    return await tx.row(
        f"""SELECT * FROM filter_rules WHERE {_MINE} AND {_PLACE} AND direction = $5 AND action = $6 AND value = $7""",
        tenant.organization_id,
        tenant.environment_id if environment_id is None else environment_id,
        environment_id,
        inbox_id,
        direction,
        action,
        value,
    )


async def find(tx: Tx, tenant: Scope, rule_id: UUID, *, lock: bool = False) -> Any:
    return await tx.row(
        f"SELECT * FROM filter_rules WHERE {_MINE} AND id = $3 {'FOR UPDATE' if lock else ''}",
        tenant.organization_id,
        tenant.environment_id,
        rule_id,
    )


async def list_by_id(
    tx: Tx, tenant: Scope, direction: str | None, inbox_id: UUID | None, after: UUID | None, ascending: bool, limit: int
) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT * FROM filter_rules WHERE {_MINE} AND ($3::text IS NULL OR direction = $3)
              AND ($4::uuid IS NULL OR inbox_id = $4) AND ($5::uuid IS NULL OR id {compare} $5)
            ORDER BY id {order} LIMIT $6""",
        tenant.organization_id,
        tenant.environment_id,
        direction,
        inbox_id,
        after,
        limit,
    )


async def update(tx: Tx, tenant: Scope, rule_id: UUID, **fields: Any) -> Any:
    """None where another rule says that already."""
    return await tx.row(
        f"""UPDATE filter_rules r SET action = $4, match_type = $5, value = $6, require_authentication = $7, reason = $8
            WHERE {_MINE} AND id = $3 AND NOT EXISTS (SELECT FROM filter_rules o
              WHERE o.organization_id = $1 AND o.id <> r.id AND o.direction = r.direction AND o.action = $4
                AND o.value = $6 AND o.environment_id IS NOT DISTINCT FROM r.environment_id
                AND o.inbox_id IS NOT DISTINCT FROM r.inbox_id)
            RETURNING *""",
        tenant.organization_id,
        tenant.environment_id,
        rule_id,
        fields["action"],
        fields["match_type"],
        fields["value"],
        fields["require_authentication"],
        fields["reason"],
    )


async def delete(tx: Tx, tenant: Scope, rule_id: UUID) -> None:
    await tx.run(
        f"DELETE FROM filter_rules WHERE {_MINE} AND id = $3", tenant.organization_id, tenant.environment_id, rule_id
    )


async def receiving(tx: Tx, rows: Sequence[tuple[UUID, UUID, UUID, Sequence[str]]]) -> list[Any]:
    """For each (organization, environment, inbox, values) in order: the receive rules that name one of the values, one
    that makes it a list of the allowed, and whether everybody on that list must prove who they are."""
    return await tx.rows(
        """SELECT n.number, r.rules, a.rule_id, a.wants_proof
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) WITH ORDINALITY
             AS n(organization_id, environment_id, inbox_id, value_list, number)
           LEFT JOIN LATERAL (SELECT jsonb_agg(to_jsonb(f)) AS rules FROM filter_rules f
             WHERE f.organization_id = n.organization_id AND f.direction = 'receive'
               AND f.value = ANY (string_to_array(n.value_list, E'\\x1f'))
               AND (f.environment_id IS NULL OR f.environment_id = n.environment_id)
               AND (f.inbox_id IS NULL OR f.inbox_id = n.inbox_id)) r ON true
           LEFT JOIN LATERAL (SELECT f.id AS rule_id, bool_and(f.require_authentication) OVER () AS wants_proof
             FROM filter_rules f
             WHERE f.organization_id = n.organization_id AND f.direction = 'receive' AND f.action = 'allow'
               AND (f.environment_id IS NULL OR f.environment_id = n.environment_id)
               AND (f.inbox_id IS NULL OR f.inbox_id = n.inbox_id)
             ORDER BY f.environment_id, f.inbox_id LIMIT 1) a ON true
           WHERE r.rules IS NOT NULL OR a.rule_id IS NOT NULL""",
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        ["\x1f".join(row[3]) for row in rows],
    )
