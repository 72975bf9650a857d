"""SQL of domains. A row comes with its keys (less their private halves) and the transport that its mail leaves by."""

from datetime import datetime
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Database, Tx

_COLUMNS = """d.*, COALESCE(d.transport, e.transport) AS sends_by, (SELECT COALESCE(json_agg(json_build_object(
      'selector', k.selector, 'public_key', k.public_key, 'active_at', k.active_at, 'retires_at', k.retires_at)
      ORDER BY k.created_at), '[]')::text FROM dkim_keys k
    WHERE k.organization_id = d.organization_id AND k.domain_id = d.id) AS keys"""
_FROM = "FROM domains d JOIN environments e ON e.organization_id = d.organization_id AND e.id = d.environment_id"


async def lock_client_id(tx: Tx, scope: Scope, client_id: str) -> None:
    """Two creations with one client_id go one after the other."""
    await tx.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", f"domain {scope.environment_id} {client_id}")


async def find_by_client_id(tx: Tx, scope: Scope, client_id: str) -> Any:
    return await tx.row(
        f"SELECT {_COLUMNS} {_FROM} WHERE d.organization_id = $1 AND d.environment_id = $2 AND d.client_id = $3",
        scope.organization_id,
        scope.environment_id,
        client_id,
    )


async def insert(tx: Tx, scope: Scope, domain_id: UUID, *, domain: str, client_id: str | None) -> bool:
    """False when the environment has this domain already. It is looked at at once."""
    return await tx.value(
        """WITH made AS (INSERT INTO domains (organization_id, environment_id, id, domain, client_id, due_at)
             VALUES ($1, $2, $3, $4, $5, now()) ON CONFLICT (organization_id, environment_id, domain) DO NOTHING
             RETURNING 1) SELECT EXISTS (SELECT FROM made)""",
        scope.organization_id,
        scope.environment_id,
        domain_id,
        domain,
        client_id,
    )


async def count_unproven(tx: Tx, organization_id: UUID) -> int:
    """Domains of an organization that have never been verified."""
    return await tx.value(
        "SELECT count(*) FROM domains WHERE organization_id = $1 AND verified_at IS NULL", organization_id
    )


async def find(tx: Tx, scope: Scope, domain_id: UUID, *, lock: bool = False) -> Any:
    return await tx.row(
        f"""SELECT {_COLUMNS} {_FROM} WHERE d.organization_id = $1 AND d.environment_id = $2 AND d.id = $3
            {"FOR UPDATE OF d" if lock else ""}""",
        scope.organization_id,
        scope.environment_id,
        domain_id,
    )


async def find_any(tx: Tx, organization_id: UUID, domain_id: UUID, *, lock: bool = False) -> Any:
    """In whatever environment: for work, which knows no more."""
    return await tx.row(
        f"SELECT {_COLUMNS} {_FROM} WHERE d.organization_id = $1 AND d.id = $2 {'FOR UPDATE OF d' if lock else ''}",
        organization_id,
        domain_id,
    )


async def list_by_id(tx: Tx, scope: Scope, after: UUID | None, ascending: bool, limit: int) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT {_COLUMNS} {_FROM} WHERE d.organization_id = $1 AND d.environment_id = $2
            AND ($3::uuid IS NULL OR d.id {compare} $3) ORDER BY d.id {order} LIMIT $4""",
        scope.organization_id,
        scope.environment_id,
        after,
        limit,
    )


async def list_of(tx: Tx, organization_ids: list[UUID], most: int) -> list[Any]:
    """Of all these organizations; verified ones first."""
    return await tx.rows(
        f"""SELECT {_COLUMNS} {_FROM} WHERE d.organization_id = ANY($1)
            ORDER BY d.status <> 'verified', d.organization_id, d.id LIMIT $2""",
        organization_ids,
        most,
    )


async def count_by_status(database: Database) -> list[Any]:
    return await database.route("SELECT status, number FROM router.count_domains()")


async def update(tx: Tx, scope: Scope, domain_id: UUID, row: dict[str, Any]) -> None:
    await tx.run(
        """UPDATE domains SET catch_all_inbox_id = $4, subdomains_enabled = $5, transport = $6
           WHERE organization_id = $1 AND environment_id = $2 AND id = $3""",
        scope.organization_id,
        scope.environment_id,
        domain_id,
        row["catch_all_inbox_id"],
        row["subdomains_enabled"],
        row["transport"],
    )


async def settle(tx: Tx, row: Any, **after: Any) -> None:
    """Write what a look found."""
    await tx.run(
        """UPDATE domains SET status = $4, can_send = $5, can_receive = $6, failure = $7, checking_since = $8,
             records = $9, provider = $10, due_at = $11, last_checked_at = COALESCE($12, last_checked_at),
             verified_at = CASE WHEN $4 = 'verified' AND status <> 'verified' THEN now() ELSE verified_at END
           WHERE organization_id = $1 AND environment_id = $2 AND id = $3""",
        row["organization_id"],
        row["environment_id"],
        row["id"],
        *[
            after[name]
            for name in (
                *("status", "can_send", "can_receive", "failure", "checking_since", "records", "provider"),
                *("due_at", "last_checked_at"),
            )
        ],
    )


async def search_anew(tx: Tx, scope: Scope, domain_id: UUID, *, due_at: datetime) -> None:
    """The search for records begins again: after a rotation, a change of transport, or when somebody asks."""
    await tx.run(
        """UPDATE domains SET checking_since = now(), due_at = $4,
             status = CASE WHEN status = 'failed' THEN 'pending' ELSE status END
           WHERE organization_id = $1 AND environment_id = $2 AND id = $3""",
        scope.organization_id,
        scope.environment_id,
        domain_id,
        due_at,
    )


async def note_asked(tx: Tx, scope: Scope, domain_id: UUID, *, least_seconds: float) -> bool:
    """False when it was asked a moment ago."""
    return await tx.value(
        """WITH asked AS (UPDATE domains SET asked_at = now() WHERE organization_id = $1 AND environment_id = $2
             AND id = $3 AND (asked_at IS NULL OR asked_at <= now() - make_interval(secs => $4)) RETURNING 1)
           SELECT EXISTS (SELECT FROM asked)""",
        scope.organization_id,
        scope.environment_id,
        domain_id,
        least_seconds,
    )


async def claim(tx: Tx, domain_id: UUID) -> bool:
    """True when the domain is ours on this server. Whoever claims at the same time waits for our end."""
    return await tx.value("SELECT router.claim_domain($1)", domain_id)


async def release(tx: Tx, domain: str, domain_id: UUID) -> None:
    await tx.run("SELECT router.release_domain($1, $2)", domain, domain_id)


async def has_inbox(tx: Tx, scope: Scope, inbox_id: UUID) -> bool:
    return await tx.value(
        """SELECT EXISTS (SELECT FROM inboxes WHERE organization_id = $1 AND environment_id = $2 AND id = $3
             AND deleted_at IS NULL)""",
        scope.organization_id,
        scope.environment_id,
        inbox_id,
    )


async def an_inbox_on(tx: Tx, scope: Scope, domain: str, *, below: bool) -> str | None:
    """The address of an inbox that stands on the domain or below it, and on no nearer domain; with `below`, only below
    it."""
    return await tx.value(
        """SELECT i.email FROM inboxes i WHERE i.organization_id = $1 AND i.environment_id = $2 AND i.deleted_at IS NULL
             AND (i.domain = $3 AND NOT $4 OR right(i.domain, length($3) + 1) = '.' || $3)
             AND NOT EXISTS (SELECT FROM domains d WHERE d.organization_id = $1 AND d.environment_id = $2
               AND length(d.domain) > length($3)
               AND (d.domain = i.domain OR right(i.domain, length(d.domain) + 1) = '.' || d.domain))
           LIMIT 1""",
        scope.organization_id,
        scope.environment_id,
        domain,
        below,
    )


async def delete(tx: Tx, scope: Scope, domain_id: UUID) -> None:
    await tx.run(
        "DELETE FROM domains WHERE organization_id = $1 AND environment_id = $2 AND id = $3",
        scope.organization_id,
        scope.environment_id,
        domain_id,
    )
