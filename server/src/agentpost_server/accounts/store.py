"""SQL of organizations, environments and keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Database, Tx


async def insert_organization(tx: Tx, organization_id: UUID, name: str) -> None:
    await tx.run("INSERT INTO organizations (organization_id, name) VALUES ($1, $2)", organization_id, name)


async def organization_name(tx: Tx, organization_id: UUID) -> str | None:
    return await tx.value("SELECT name FROM organizations WHERE organization_id = $1", organization_id)


async def list_organizations(database: Database) -> list[Any]:
    """All of this server: for the operator at the machine, never for a request."""
    return await database.route("SELECT organization_id, name FROM router.list_organizations()")


async def insert_environment(
    tx: Tx, organization_id: UUID, environment_id: UUID, *, is_default: bool, **fields: Any
) -> Any:
    return await tx.row(
        """INSERT INTO environments (organization_id, id, name, slug, kind, is_default, transport,
        allowed_recipients, retention_days)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (organization_id, slug) DO NOTHING RETURNING *""",
        organization_id,
        environment_id,
        fields["name"],
        fields["slug"],
        fields["kind"],
        is_default,
        fields["transport"],
        fields["allowed_recipients"],
        fields["retention_days"],
    )


async def clock_offset_seconds(tx: Tx, tenant: Scope) -> int:
    found = await tx.value(
        "SELECT clock_offset_seconds FROM environments WHERE organization_id = $1 AND id = $2",
        tenant.organization_id,
        tenant.environment_id,
    )
    return found or 0


async def list_environments(
    tx: Tx, organization_id: UUID, kind: str, only: Sequence[UUID], after: UUID | None, ascending: bool, limit: int
) -> list[Any]:
    """Those of a kind; `only` some of them when it is not empty."""
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT * FROM environments WHERE organization_id = $1 AND kind = $2
              AND (cardinality($3::uuid[]) = 0 OR id = ANY($3)) AND ($4::uuid IS NULL OR id {compare} $4)
            ORDER BY id {order} LIMIT $5""",
        organization_id,
        kind,
        list(only),
        after,
        limit,
    )


async def environment_ids(tx: Tx, organization_id: UUID, kind: str, only: Sequence[UUID]) -> set[UUID]:
    """Of a kind; `only` some of them when it is not empty."""
    rows = await tx.rows(
        """SELECT id FROM environments WHERE organization_id = $1 AND kind = $2
             AND (cardinality($3::uuid[]) = 0 OR id = ANY($3))""",
        organization_id,
        kind,
        list(only),
    )
    return {row["id"] for row in rows}


async def find_environment(tx: Tx, organization_id: UUID, environment_id: UUID, *, lock: bool = False) -> Any:
    return await tx.row(
        f"SELECT * FROM environments WHERE organization_id = $1 AND id = $2 {'FOR UPDATE' if lock else ''}",
        organization_id,
        environment_id,
    )


async def update_environment(tx: Tx, organization_id: UUID, environment_id: UUID, row: dict[str, Any]) -> Any:
    return await tx.row(
        """UPDATE environments SET name = $3, transport = $4, allowed_recipients = $5, send_paused = $6,
        retention_days = $7
           WHERE organization_id = $1 AND id = $2 RETURNING *""",
        organization_id,
        environment_id,
        row["name"],
        row["transport"],
        row["allowed_recipients"],
        row["send_paused"],
        row["retention_days"],
    )


async def delete_environment(tx: Tx, organization_id: UUID, environment_id: UUID) -> bool:
    """False when something still lives in it: foreign keys say so, savepoint-free, by asking first."""
    return await tx.value(
        """WITH gone AS (DELETE FROM environments e WHERE e.organization_id = $1 AND e.id = $2
             AND NOT EXISTS (SELECT FROM inboxes i WHERE i.organization_id = $1 AND i.environment_id = $2)
             AND NOT EXISTS (SELECT FROM domains d WHERE d.organization_id = $1 AND d.environment_id = $2)
             AND NOT EXISTS (SELECT FROM suppressions s WHERE s.organization_id = $1 AND s.environment_id = $2)
             AND NOT EXISTS (SELECT FROM webhooks w WHERE w.organization_id = $1 AND w.environment_id = $2) RETURNING 1)
           SELECT EXISTS (SELECT FROM gone)""",
        organization_id,
        environment_id,
    )


async def insert_key(tx: Tx, organization_id: UUID, key_id: UUID, **fields: Any) -> Any:
    return await tx.row(
        """INSERT INTO api_keys (organization_id, id, name, prefix, kind, secret_hash, scopes, environment_ids,
        inbox_ids, expires_at, created_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING *""",
        organization_id,
        key_id,
        fields["name"],
        fields["prefix"],
        fields["kind"],
        fields["secret_hash"],
        fields["scopes"],
        fields["environment_ids"],
        fields["inbox_ids"],
        fields["expires_at"],
        fields["created_by"],
    )


async def identify(tx: Tx, organization_id: UUID, secret_hash: bytes) -> tuple[Any, list[Any]]:
    """The key's row, or None, and the organization's environments: all that authentication needs, in one statement."""
    rows = await tx.rows(
        """SELECT k.*, e.id AS env_id, e.slug, e.kind AS env_kind, e.is_default FROM api_keys k
           JOIN environments e ON e.organization_id = k.organization_id
           WHERE k.organization_id = $1 AND k.secret_hash = $2""",
        organization_id,
        secret_hash,
    )
    return (rows[0] if rows else None), rows


async def max_key_days(tx: Tx, organization_id: UUID, environment_ids: Sequence[UUID]) -> int | None:
    """The shortest life that policies allow keys of these environments (none named: all); None where none does."""
    return await tx.value(
        """SELECT min((p.rules ->> 'max_key_days')::integer) FROM policies p
           WHERE p.organization_id = $1 AND p.kind = 'governance' AND p.enabled AND p.inbox_id IS NULL
             AND (p.environment_id IS NULL OR $2::uuid[] = '{}' OR p.environment_id = ANY ($2))""",
        organization_id,
        list(environment_ids),
    )


async def find_key(tx: Tx, organization_id: UUID, key_id: UUID, *, lock: bool = False) -> Any:
    return await tx.row(
        f"SELECT * FROM api_keys WHERE organization_id = $1 AND id = $2 {'FOR UPDATE' if lock else ''}",
        organization_id,
        key_id,
    )


async def list_keys(tx: Tx, organization_id: UUID, after: UUID | None, ascending: bool, limit: int) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT * FROM api_keys WHERE organization_id = $1 AND ($2::uuid IS NULL OR id {compare} $2)
            ORDER BY id {order} LIMIT $3""",
        organization_id,
        after,
        limit,
    )


async def rename_key(tx: Tx, organization_id: UUID, key_id: UUID, name: str) -> Any:
    return await tx.row(
        "UPDATE api_keys SET name = $3 WHERE organization_id = $1 AND id = $2 RETURNING *",
        organization_id,
        key_id,
        name,
    )


async def revoke_key(tx: Tx, organization_id: UUID, key_id: UUID, at: datetime) -> Any:
    """The earliest revocation stands."""
    return await tx.row(
        """UPDATE api_keys SET revoked_at = LEAST(COALESCE(revoked_at, $3), $3) WHERE organization_id = $1 AND id =
        $2 RETURNING *""",
        organization_id,
        key_id,
        at,
    )


async def touch_keys(tx: Tx, organization_id: UUID, key_ids: list[UUID]) -> None:
    await tx.run(
        """UPDATE api_keys SET last_used_at = now() WHERE organization_id = $1 AND id = ANY($2)
           AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')""",
        organization_id,
        key_ids,
    )


async def missing_inboxes(
    tx: Tx, organization_id: UUID, environment_ids: Sequence[UUID], inbox_ids: Sequence[UUID]
) -> list[UUID]:
    """Those that are in none of the environments."""
    rows = await tx.rows(
        """SELECT asked.id FROM unnest($3::uuid[]) AS asked(id) WHERE NOT EXISTS (
             SELECT FROM inboxes i WHERE i.organization_id = $1 AND i.id = asked.id AND i.deleted_at IS NULL
               AND i.environment_id = ANY ($2))""",
        organization_id,
        list(environment_ids),
        list(inbox_ids),
    )
    return [row["id"] for row in rows]
