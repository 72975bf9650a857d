"""SQL of policies, and the one statement that finds what governs a send."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx

# What a caller sees: what holds in its environment, the organization's own included.
_MINE = "organization_id = $1 AND (environment_id IS NULL OR environment_id = $2)"

SCREENING_POLICIES = """(
   SELECT jsonb_agg(jsonb_build_object('id', p.id, 'rules', p.rules) ORDER BY p.id) FROM policies p
   WHERE p.organization_id = m.organization_id AND p.kind = 'screening' AND p.enabled
     AND (p.environment_id IS NULL OR p.environment_id = m.environment_id)
     AND (p.inbox_id IS NULL OR p.inbox_id = m.inbox_id))"""
"""The policies of kind `screening` that hold for a row `m` of mail, as JSON: for whoever scores that mail."""


async def insert(
    tx: Tx,
    tenant: Scope,
    policy_id: UUID,
    environment_id: UUID | None,
    inbox_id: UUID | None,
    *,
    name: str,
    kind: str,
    enabled: bool,
    rules: str,
) -> Any:
    return await tx.row(
        """INSERT INTO policies (organization_id, id, environment_id, inbox_id, name, kind, enabled, rules)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *""",
        tenant.organization_id,
        policy_id,
        environment_id,
        inbox_id,
        name,
        kind,
        enabled,
        rules,
    )


async def find(tx: Tx, tenant: Scope, policy_id: UUID, *, lock: bool = False) -> Any:
    return await tx.row(
        f"SELECT * FROM policies WHERE {_MINE} AND id = $3 {'FOR UPDATE' if lock else ''}",
        tenant.organization_id,
        tenant.environment_id,
        policy_id,
    )


async def list_by_id(
    tx: Tx, tenant: Scope, kind: str | None, inbox_id: UUID | None, after: UUID | None, ascending: bool, limit: int
) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT * FROM policies WHERE {_MINE} AND ($3::text IS NULL OR kind = $3)
              AND ($4::uuid IS NULL OR inbox_id = $4) AND ($5::uuid IS NULL OR id {compare} $5)
            ORDER BY id {order} LIMIT $6""",
        tenant.organization_id,
        tenant.environment_id,
        kind,
        inbox_id,
        after,
        limit,
    )


async def update(tx: Tx, tenant: Scope, policy_id: UUID, *, name: str, enabled: bool, rules: str) -> Any:
    return await tx.row(
        f"""UPDATE policies SET name = $4, enabled = $5, rules = $6, updated_at = now()
            WHERE {_MINE} AND id = $3 RETURNING *""",
        tenant.organization_id,
        tenant.environment_id,
        policy_id,
        name,
        enabled,
        rules,
    )


async def delete(tx: Tx, tenant: Scope, policy_id: UUID) -> None:
    await tx.run(
        f"DELETE FROM policies WHERE {_MINE} AND id = $3", tenant.organization_id, tenant.environment_id, policy_id
    )


async def governing(
    tx: Tx, tenant: Scope, inbox_id: UUID, thread_id: UUID | None, directions: Sequence[str], values: Sequence[str]
) -> Any:
    """In one row: the policies that hold for an inbox; the filter rules of these directions that name one of `values`;
    of each direction a rule that makes it a list of the allowed, and whether it has any; and whether the thread holds
    inbound mail."""
    return await tx.row(
        f"""WITH r AS (
              SELECT id, direction, action, match_type, value, environment_id, inbox_id FROM filter_rules
              WHERE {_MINE} AND (inbox_id IS NULL OR inbox_id = $3) AND direction = ANY ($5::text[])
                AND value = ANY ($6::text[])
            ), listed AS (
              SELECT d.direction, a.id AS rule_id, EXISTS (SELECT FROM filter_rules
                WHERE {_MINE} AND (inbox_id IS NULL OR inbox_id = $3) AND direction = d.direction) AS has_rules
              FROM unnest($5::text[]) AS d(direction) LEFT JOIN LATERAL (
                SELECT id FROM filter_rules WHERE {_MINE} AND (inbox_id IS NULL OR inbox_id = $3)
                  AND direction = d.direction AND action = 'allow'
                ORDER BY environment_id, inbox_id LIMIT 1) a ON true
            )
            SELECT
              (SELECT jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'kind', p.kind, 'rules', p.rules,
                 'environment_id', p.environment_id, 'inbox_id', p.inbox_id) ORDER BY p.id) FROM policies p
               WHERE {_MINE} AND (inbox_id IS NULL OR inbox_id = $3) AND enabled) AS policies,
              (SELECT jsonb_agg(to_jsonb(r)) FROM r) AS rules,
              (SELECT jsonb_agg(to_jsonb(listed)) FROM listed) AS lists,
              $4::uuid IS NOT NULL AND EXISTS (SELECT FROM messages m
                WHERE m.organization_id = $1 AND m.thread_id = $4 AND m.direction = 'inbound'
                  AND m.status = 'received') AS is_answer""",
        tenant.organization_id,
        tenant.environment_id,
        inbox_id,
        thread_id,
        list(directions),
        list(values),
    )


async def of_kind(tx: Tx, kind: str, asked: Sequence[tuple[Scope, UUID]]) -> list[Any]:
    """The policies of a kind that hold for each (scope, inbox), with its number in the order given."""
    return await tx.rows(
        """SELECT n.number, p.id, p.environment_id, p.inbox_id, p.rules
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY
             AS n(organization_id, environment_id, inbox_id, number)
           JOIN policies p ON p.organization_id = n.organization_id AND p.kind = $4 AND p.enabled
             AND (p.environment_id IS NULL OR p.environment_id = n.environment_id)
             AND (p.inbox_id IS NULL OR p.inbox_id = n.inbox_id)
           ORDER BY n.number, p.id""",
        [scope.organization_id for scope, _ in asked],
        [scope.environment_id for scope, _ in asked],
        [inbox_id for _, inbox_id in asked],
        kind,
    )
