"""SQL of inboxes."""

from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx

_LIVE = "deleted_at IS NULL"
_MINE = "(cardinality($3::uuid[]) = 0 OR id = ANY($3))"


async def insert(tx: Tx, scope: Scope, inbox_id: UUID, *, email: str, words: list[str], **fields: Any) -> Any:
    """The row, or None when the address belongs to someone already. Claims the address in the same statement."""
    return await tx.row(
        """WITH claimed AS MATERIALIZED (SELECT router.claim_address($4, $2, $3) AS ok),
           made AS (INSERT INTO inboxes (organization_id, environment_id, id, email, username, domain, display_name,
           client_id, metadata)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM claimed WHERE ok RETURNING *),
           words AS (INSERT INTO inbox_words (organization_id, environment_id, word, inbox_id)
             SELECT $1, $2, word, made.id FROM made, unnest($10::text[]) AS word)
           SELECT * FROM made""",
        scope.organization_id,
        scope.environment_id,
        inbox_id,
        email,
        fields["username"],
        fields["domain"],
        fields["display_name"],
        fields["client_id"],
        fields["metadata"],
        words,
    )


async def lock_client_id(tx: Tx, scope: Scope, client_id: str) -> None:
    """Two creations with one client_id go one after the other."""
    await tx.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", f"inbox {scope.environment_id} {client_id}")


async def find_by_client_id(tx: Tx, scope: Scope, client_id: str) -> Any:
    return await tx.row(
        f"SELECT * FROM inboxes WHERE organization_id = $1 AND environment_id = $2 AND client_id = $3 AND {_LIVE}",
        scope.organization_id,
        scope.environment_id,
        client_id,
    )


async def find(tx: Tx, scope: Scope, inbox_id: UUID, *, lock: bool = False) -> Any:
    return await tx.row(
        f"""SELECT * FROM inboxes WHERE organization_id = $1 AND environment_id = $2 AND {_MINE} AND id = $4 AND {_LIVE}
            {"FOR UPDATE" if lock else ""}""",
        scope.organization_id,
        scope.environment_id,
        list(scope.inbox_ids),
        inbox_id,
    )


async def list_by_id(tx: Tx, scope: Scope, after: UUID | None, ascending: bool, limit: int) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT * FROM inboxes WHERE organization_id = $1 AND environment_id = $2 AND {_MINE} AND {_LIVE}
            AND ($4::uuid IS NULL OR id {compare} $4) ORDER BY id {order} LIMIT $5""",
        scope.organization_id,
        scope.environment_id,
        list(scope.inbox_ids),
        after,
        limit,
    )


async def search(tx: Tx, scope: Scope, prefix: str, after: tuple[str, UUID] | None, limit: int) -> list[Any]:
    """By word, then id; an inbox that several of its words match stands at the first of them only."""
    return await tx.rows(
        """SELECT i.*, w.word FROM inbox_words w
           JOIN inboxes i ON i.organization_id = w.organization_id AND i.id = w.inbox_id AND i.deleted_at IS NULL
           WHERE w.organization_id = $1 AND w.environment_id = $2 AND (cardinality($3::uuid[]) = 0 OR w.inbox_id =
           ANY($3))
             AND w.word >= $4 AND w.word < $4 || U&'\\+10FFFF'
             AND (w.word, w.inbox_id) > ($5, $6)
             AND NOT EXISTS (SELECT FROM inbox_words b WHERE b.organization_id = $1 AND b.environment_id = $2
               AND b.inbox_id = w.inbox_id AND b.word >= $4 AND b.word < w.word)
           ORDER BY w.word, w.inbox_id LIMIT $7""",
        scope.organization_id,
        scope.environment_id,
        list(scope.inbox_ids),
        prefix,
        after[0] if after else "",
        after[1] if after else UUID(int=0),
        limit,
    )


async def update(
    tx: Tx, scope: Scope, inbox_id: UUID, *, display_name: str | None, metadata: str, words: list[str]
) -> Any:
    return await tx.row(
        """WITH old AS (DELETE FROM inbox_words WHERE organization_id = $1 AND inbox_id = $3 AND word <> ALL
        ($6::text[])),
           new AS (INSERT INTO inbox_words (organization_id, environment_id, word, inbox_id)
             SELECT $1, $2, word, $3 FROM unnest($6::text[]) AS word ON CONFLICT DO NOTHING)
           UPDATE inboxes SET display_name = $4, metadata = $5, updated_at = now()
           WHERE organization_id = $1 AND environment_id = $2 AND id = $3 RETURNING *""",
        scope.organization_id,
        scope.environment_id,
        inbox_id,
        display_name,
        metadata,
        words,
    )


async def set_paused(tx: Tx, scope: Scope, inbox_id: UUID, *, paused: bool, reason: str | None) -> Any:
    """Resumed after a pause for its rates, an inbox is judged by what is told from now on."""
    return await tx.row(
        """UPDATE inboxes SET send_paused = $4, pause_reason = $5, paused_at = CASE WHEN $4 THEN now() END,
             updated_at = now(), judged_from = CASE WHEN NOT $4 AND pause_reason IN ('bounce_rate', 'complaint_rate')
               THEN now() ELSE judged_from END
           WHERE organization_id = $1 AND environment_id = $2 AND id = $3 RETURNING *""",
        scope.organization_id,
        scope.environment_id,
        inbox_id,
        paused,
        reason,
    )


async def mark_deleted(tx: Tx, scope: Scope, inbox_id: UUID) -> Any:
    """Gone for every reader at once; its address becomes a tombstone, its mail goes by a chore."""
    return await tx.row(
        """WITH gone AS (UPDATE inboxes SET deleted_at = now(), client_id = NULL
             WHERE organization_id = $1 AND environment_id = $2 AND id = $3 RETURNING *),
           words AS (DELETE FROM inbox_words WHERE organization_id = $1 AND inbox_id = $3),
           rules AS (DELETE FROM filter_rules WHERE organization_id = $1 AND inbox_id = $3),
           governing AS (DELETE FROM policies WHERE organization_id = $1 AND inbox_id = $3),
           caught AS (UPDATE domains SET catch_all_inbox_id = NULL
             WHERE organization_id = $1 AND environment_id = $2 AND catch_all_inbox_id = $3)
           SELECT gone.*, router.release_address(gone.email, gone.id) FROM gone""",
        scope.organization_id,
        scope.environment_id,
        inbox_id,
    )


async def has_mail_in_flight(tx: Tx, scope: Scope, inbox_id: UUID) -> bool:
    return await tx.value(
        """SELECT EXISTS (SELECT FROM transmissions WHERE organization_id = $1 AND inbox_id = $2 AND due_at IS NOT
        NULL)""",
        scope.organization_id,
        inbox_id,
    )


async def stands(tx: Tx, scope: Scope, upwards: list[str]) -> bool:
    """Whether the first of the names, or the nearest domain above it when that has its subdomains enabled, may have
    inboxes here. A domain that may stays until the transaction ends."""
    nearest = await tx.row(
        """SELECT domain = ($3::text[])[1] OR subdomains_enabled AS takes,
             status = 'verified' OR can_send OR can_receive AS proven
           FROM domains WHERE organization_id = $1 AND environment_id = $2 AND domain = ANY ($3::text[])
           ORDER BY length(domain) DESC LIMIT 1 FOR KEY SHARE""",
        scope.organization_id,
        scope.environment_id,
        upwards,
    )
    return nearest is not None and nearest["takes"] and nearest["proven"]


async def free_address(tx: Tx, email: str) -> None:
    """A former owner of a domain of ours keeps no address at it."""
    await tx.run("SELECT router.free_address($1)", email)
