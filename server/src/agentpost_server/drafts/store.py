"""SQL of drafts. A draft is its row and the newest of its revisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx

_MINE: Final = "d.environment_id = $2 AND ($3::uuid[] = '{}' OR d.inbox_id = ANY ($3))"
_NEWEST: Final = """JOIN draft_revisions r ON r.organization_id = d.organization_id AND r.draft_id = d.id
             AND r.revision = d.revision"""
_CONTENT: Final = "r.author, r.content, r.text_body, r.html_body, r.send_at"
AUTHORS: Final = """(SELECT jsonb_agg(DISTINCT w.author) FROM draft_revisions w
             WHERE w.organization_id = d.organization_id AND w.draft_id = d.id)::text AS authors"""
_LIVE: Final = """JOIN inboxes i ON i.organization_id = d.organization_id AND i.id = d.inbox_id
             AND i.deleted_at IS NULL"""
# A page ends early rather than hold more than this of bodies in memory.
_PAGE_OCTETS: Final = 8_388_608
_WEIGHT: Final = """sum(COALESCE(octet_length(r.text_body), 0)::bigint + COALESCE(octet_length(r.html_body), 0)
             + octet_length(r.content::text))"""
_FITS: Final = f"(p.n = 1 OR p.weight <= {_PAGE_OCTETS}) AS fits"


async def lock_client_id(tx: Tx, scope: Scope, client_id: str) -> None:
    """Two creations with one client_id go one after the other."""
    await tx.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", f"draft {scope.environment_id} {client_id}")


async def find_by_client_id(tx: Tx, scope: Scope, client_id: str) -> Any:
    """Of any inbox of the environment: who may see it is asked of the row."""
    return await tx.row(
        f"""SELECT d.*, {_CONTENT} FROM drafts d {_NEWEST}
            WHERE d.organization_id = $1 AND d.environment_id = $2 AND d.client_id = $3""",
        scope.organization_id,
        scope.environment_id,
        client_id,
    )


async def find(tx: Tx, scope: Scope, draft_id: UUID) -> Any:
    """With `authors`, everybody who wrote a revision of it."""
    return await tx.row(
        f"""SELECT d.*, {_CONTENT}, {AUTHORS} FROM drafts d {_NEWEST} {_LIVE}
            WHERE d.organization_id = $1 AND {_MINE} AND d.id = $4""",
        *_names(scope),
        draft_id,
    )


async def lock(tx: Tx, scope: Scope, draft_id: UUID) -> Any:
    """The row alone is locked; its revision is read behind the lock, whose snapshot may be older than the lock."""
    locked = await tx.row(
        f"""SELECT d.revision FROM drafts d {_LIVE} WHERE d.organization_id = $1 AND {_MINE} AND d.id = $4
            FOR UPDATE OF d""",
        *_names(scope),
        draft_id,
    )
    return None if locked is None else await find(tx, scope, draft_id)


async def list_of_inbox(
    tx: Tx, scope: Scope, inbox_id: UUID, after: UUID | None, ascending: bool, limit: int
) -> list[Any]:
    """`fits`: whether the row has its bodies here; from the first that has not, it is the next page's."""
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT d.*, p.content, p.send_at, {_FITS},
              CASE WHEN p.n = 1 OR p.weight <= {_PAGE_OCTETS} THEN p.text_body END AS text_body,
              CASE WHEN p.n = 1 OR p.weight <= {_PAGE_OCTETS} THEN p.html_body END AS html_body
            FROM (
              SELECT d.id, {_CONTENT}, row_number() OVER w AS n, {_WEIGHT} OVER w AS weight
              FROM (SELECT d.organization_id, d.id, d.revision FROM drafts d
                WHERE d.organization_id = $1 AND {_MINE} AND d.inbox_id = $4 AND ($5::uuid IS NULL OR d.id {compare} $5)
                ORDER BY d.id {order} LIMIT $6) d {_NEWEST}
              WINDOW w AS (ORDER BY d.id {order})
            ) p JOIN drafts d ON d.organization_id = $1 AND d.id = p.id
            ORDER BY p.n""",
        *_names(scope),
        inbox_id,
        after,
        limit,
    )


async def list_revisions(
    tx: Tx, scope: Scope, draft_id: UUID, after: int | None, ascending: bool, limit: int
) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT p.revision, p.changed, p.author, p.created_at, p.content, p.send_at, {_FITS},
              CASE WHEN p.n = 1 OR p.weight <= {_PAGE_OCTETS} THEN p.text_body END AS text_body,
              CASE WHEN p.n = 1 OR p.weight <= {_PAGE_OCTETS} THEN p.html_body END AS html_body
            FROM (
              SELECT r.*, row_number() OVER w AS n, {_WEIGHT} OVER w AS weight
              FROM (SELECT r.* FROM draft_revisions r
                WHERE r.organization_id = $1 AND r.draft_id = $2 AND ($3::integer IS NULL OR r.revision {compare} $3)
                ORDER BY r.revision {order} LIMIT $4) r
              WINDOW w AS (ORDER BY r.revision {order})
            ) p ORDER BY p.n""",
        scope.organization_id,
        draft_id,
        after,
        limit,
    )


async def files_of(tx: Tx, scope: Scope, draft_id: UUID) -> list[str]:
    """Every file that any revision names, the newest description of each last, as JSON."""
    rows = await tx.rows(
        """SELECT f.value::text AS file FROM draft_revisions r
           CROSS JOIN LATERAL json_array_elements(r.content -> 'files') f
           WHERE r.organization_id = $1 AND r.draft_id = $2 ORDER BY r.revision""",
        scope.organization_id,
        draft_id,
    )
    return [row["file"] for row in rows]


async def insert(
    tx: Tx, scope: Scope, draft_id: UUID, inbox_id: UUID, *, client_id: str | None, status: str, author: str
) -> None:
    await tx.run(
        """INSERT INTO drafts (organization_id, id, environment_id, inbox_id, client_id, revision, status, created_by)
           VALUES ($1, $2, $3, $4, $5, 0, $6, $7)""",
        scope.organization_id,
        draft_id,
        scope.environment_id,
        inbox_id,
        client_id,
        status,
        author,
    )


async def add_revision(
    tx: Tx, scope: Scope, draft_id: UUID, *, author: str, changed: list[str], status: str, **content: Any
) -> int:
    """Of a draft that this transaction holds. `failure` and `due_at` are set as given. Answers the new number."""
    return await tx.value(
        """WITH d AS (
             UPDATE drafts SET revision = revision + 1, status = $3, failure = $4::jsonb, due_at = $5, faults = 0,
               updated_at = now()
             WHERE organization_id = $1 AND id = $2 RETURNING organization_id, id, revision
           )
           INSERT INTO draft_revisions (organization_id, draft_id, revision, author, changed, content, text_body,
             html_body, send_at)
           SELECT d.organization_id, d.id, d.revision, $6, $7::text[], $8, $9, $10, $11 FROM d RETURNING revision""",
        scope.organization_id,
        draft_id,
        status,
        content["failure"],
        content["due_at"],
        author,
        changed,
        content["rest"],
        content["text_body"],
        content["html_body"],
        content["send_at"],
    )


async def insert_files(
    tx: Tx, scope: Scope, draft_id: UUID, rows: Sequence[tuple[UUID, int, str, str, bytes | None]], at: datetime
) -> None:
    """(id, size, SHA-256, media type, bytes or None where they lie in the blob store) of each new file."""
    await tx.run(
        """WITH f AS (SELECT * FROM unnest($3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::bytea[])
             AS f(id, size, sha256, media_type, content)),
           bytes AS (INSERT INTO blobs (organization_id, id, size, sha256, media_type, content, created_at)
             SELECT $1, id, size, decode(sha256, 'hex'), media_type, content, $8 FROM f)
           INSERT INTO draft_files (organization_id, draft_id, id) SELECT $1, $2, id FROM f""",
        scope.organization_id,
        draft_id,
        *[[row[n] for row in rows] for n in range(5)],
        at,
    )


async def take(
    tx: Tx, organization_id: UUID, draft_id: UUID, *, revision: int | None = None, attempts: int | None = None
) -> int | None:
    """Delete the draft with all that is its, if it still is of this revision and this claim. Answers its revision;
    None: it is not. Whoever comes second waits here for the first, and finds nothing."""
    return await tx.value(
        """WITH gone AS (
             DELETE FROM drafts WHERE organization_id = $1 AND id = $2 AND ($3::integer IS NULL OR revision = $3)
               AND ($4::integer IS NULL OR attempts = $4)
             RETURNING id, revision
           ), bytes AS (
             DELETE FROM blobs b USING gone, draft_files f
             WHERE f.organization_id = $1 AND f.draft_id = gone.id AND b.organization_id = $1 AND b.id = f.id
             RETURNING b.id, b.created_at, b.content IS NULL AS elsewhere
           ), objects AS (
             INSERT INTO doomed_blobs (organization_id, id, stored_at)
             SELECT $1, id, created_at FROM bytes WHERE elsewhere ON CONFLICT DO NOTHING
           )
           SELECT revision FROM gone""",
        organization_id,
        draft_id,
        revision,
        attempts,
    )


async def stands(tx: Tx, organization_id: UUID, draft_id: UUID) -> bool:
    return await tx.value(
        "SELECT EXISTS (SELECT FROM drafts WHERE organization_id = $1 AND id = $2)", organization_id, draft_id
    )


def _names(scope: Scope) -> tuple[UUID, UUID, list[UUID]]:
    return scope.organization_id, scope.environment_id, list(scope.inbox_ids)
