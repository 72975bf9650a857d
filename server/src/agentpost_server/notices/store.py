"""SQL of notices."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Database, Tx
from agentpost_server.work import Claimed


async def insert(tx: Tx, scope: Scope, kind: str, about: UUID, rows: Sequence[tuple[UUID, str]]) -> None:
    await tx.run(
        """INSERT INTO notices (organization_id, environment_id, kind, about, id, email)
           SELECT $1, $2, $3, $4, n.id, n.email FROM unnest($5::uuid[], $6::text[]) AS n(id, email)""",
        scope.organization_id,
        scope.environment_id,
        kind,
        about,
        [one for one, _ in rows],
        [email for _, email in rows],
    )


async def load(tx: Tx, claimed: Sequence[Claimed]) -> list[Any]:
    """Those that are still ours, with how their environment sends."""
    return await tx.rows(
        """SELECT n.organization_id, n.id, n.environment_id, n.kind, n.about, n.email, n.attempts, n.status,
             e.kind AS environment_kind, e.transport, e.allowed_recipients
           FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS c(organization_id, id, attempts)
           JOIN notices n ON n.organization_id = c.organization_id AND n.id = c.id AND n.attempts = c.attempts
           JOIN environments e ON e.organization_id = n.organization_id AND e.id = n.environment_id
           WHERE n.due_at IS NOT NULL""",
        [one.organization_id for one in claimed],
        [one.id for one in claimed],
        [one.attempts for one in claimed],
    )


async def settle(tx: Tx, row: Any, status: str, detail: str | None, seconds: float | None) -> None:
    """`seconds` until it is tried again; None: never."""
    await tx.run(
        """UPDATE notices SET status = $4, detail = $5, due_at = now() + make_interval(secs => $6),
             finished_at = CASE WHEN $6::float8 IS NULL THEN now() END
           WHERE organization_id = $1 AND id = $2 AND attempts = $3""",
        row["organization_id"],
        row["id"],
        row["attempts"],
        status,
        detail,
        seconds,
    )


async def newest(database: Database, most: int) -> list[tuple[UUID, UUID]]:
    rows = await database.route("SELECT * FROM router.list_notices($1)", most)
    return [(row["organization_id"], row["id"]) for row in rows]


async def find(tx: Tx, organization_id: UUID, notice_id: UUID) -> Any:
    return await tx.row(
        """SELECT organization_id, id, environment_id, kind, about, email, status, detail, created_at FROM notices
           WHERE organization_id = $1 AND id = $2""",
        organization_id,
        notice_id,
    )


async def leads_here(database: Database, exact: str, untagged: str, domain: str) -> bool:
    """Whether an inbox of this server gets what is sent to the address."""
    rows = await database.route(
        "SELECT inbox_id FROM router.route_recipients($1, $2, $3)", [exact], [untagged], [domain]
    )
    return rows[0]["inbox_id"] is not None
