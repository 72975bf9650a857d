"""SQL of labels. Everyone who changes messages of a thread locks the thread first, then its messages, each by id."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages.store import LAST_MESSAGE, THREAD_ROW, visible, visible_thread

_LOCKED = "m.id, m.inbox_id, m.thread_id, m.labels"


def _mine(tenant: Scope) -> tuple[UUID, UUID, list[UUID]]:
    return tenant.organization_id, tenant.environment_id, list(tenant.inbox_ids)


async def lock_threads(tx: Tx, tenant: Scope, message_ids: Sequence[UUID]) -> None:
    """The threads of these messages. Mail may still be added to them: only the thread's own row is held."""
    await tx.run(
        f"""SELECT t.id FROM threads t WHERE t.organization_id = $1
              AND t.id IN (SELECT m.thread_id FROM messages m WHERE {visible(tenant)} AND m.id = ANY ($4))
            ORDER BY t.id FOR NO KEY UPDATE""",
        *_mine(tenant),
        list(message_ids),
    )


async def lock_thread(tx: Tx, tenant: Scope, thread_id: UUID) -> Any:
    return await tx.value(
        f"SELECT m.id FROM threads m WHERE {visible_thread(tenant)} AND m.id = $4 FOR NO KEY UPDATE",
        *_mine(tenant),
        thread_id,
    )


async def lock_messages(tx: Tx, tenant: Scope, message_ids: Sequence[UUID]) -> list[Any]:
    return await tx.rows(
        f"SELECT {_LOCKED} FROM messages m WHERE {visible(tenant)} AND m.id = ANY ($4) ORDER BY m.id FOR NO KEY UPDATE",
        *_mine(tenant),
        list(message_ids),
    )


async def lock_messages_of_thread(tx: Tx, tenant: Scope, thread_id: UUID) -> list[Any]:
    return await tx.rows(
        f"""SELECT {_LOCKED} FROM messages m WHERE {visible(tenant)} AND m.thread_id = $4
            ORDER BY m.id FOR NO KEY UPDATE""",
        *_mine(tenant),
        thread_id,
    )


async def change(tx: Tx, tenant: Scope, message_ids: Sequence[UUID], add: list[str], remove: list[str]) -> None:
    """The label lists and the facets beside them, in one statement. `remove` wins over `add`."""
    await tx.run(
        """WITH gone AS (
             DELETE FROM message_facets WHERE organization_id = $1 AND message_id = ANY ($2)
               AND facet = ANY (ARRAY(SELECT 'label:' || l FROM unnest($4::text[]) AS l))
           ), changed AS (
             UPDATE messages m SET labels = ARRAY(
               SELECT l FROM unnest(m.labels || $3::text[]) WITH ORDINALITY AS u(l, n)
               WHERE l <> ALL ($4::text[]) GROUP BY l ORDER BY min(n))
             WHERE m.organization_id = $1 AND m.id = ANY ($2)
             RETURNING m.environment_id, m.inbox_id, m.thread_id, m.id
           )
           INSERT INTO message_facets (organization_id, environment_id, inbox_id, facet, message_id, thread_id)
           SELECT $1, c.environment_id, c.inbox_id, 'label:' || l, c.id, c.thread_id
           FROM changed c CROSS JOIN unnest($3::text[]) AS l WHERE l <> ALL ($4::text[])
           ON CONFLICT DO NOTHING""",
        tenant.organization_id,
        list(message_ids),
        add,
        remove,
    )


async def refresh_threads(tx: Tx, tenant: Scope, thread_ids: Sequence[UUID]) -> None:
    """A thread's labels are those of its messages, withheld ones aside."""
    await tx.run(
        """UPDATE threads t SET labels = u.labels
           FROM (SELECT asked.id, ARRAY(SELECT DISTINCT l FROM messages m CROSS JOIN unnest(m.labels) AS l
                   WHERE m.organization_id = $1 AND m.thread_id = asked.id AND m.status <> 'held'
                   ORDER BY l) AS labels
                 FROM unnest($2::uuid[]) AS asked(id)) u
           WHERE t.organization_id = $1 AND t.id = u.id AND t.labels IS DISTINCT FROM u.labels""",
        tenant.organization_id,
        list(thread_ids),
    )


async def read_thread(tx: Tx, tenant: Scope, thread_id: UUID) -> Any:
    return await tx.row(
        f"""SELECT {THREAD_ROW} FROM (SELECT m.* FROM threads m WHERE {visible_thread(tenant)} AND m.id = $4) t
            {LAST_MESSAGE}""",
        *_mine(tenant),
        thread_id,
    )


async def names(tx: Tx, tenant: Scope, inbox_ids: Sequence[UUID], after: str, ascending: bool, limit: int) -> list[Any]:
    """The labels in use, each found by one step through the index, however many messages carry it. `after` is the
    facet behind which to begin."""
    compare, pick = (">", "ASC") if ascending else ("<", "DESC")
    if inbox_ids:
        step = f"""SELECT x.facet FROM (SELECT i.id FROM inboxes i WHERE i.organization_id = $1
              AND i.environment_id = $2 AND i.id = ANY ($3) AND i.deleted_at IS NULL) b CROSS JOIN LATERAL (
              SELECT f.facet FROM message_facets f WHERE f.organization_id = $1 AND f.inbox_id = b.id
                AND f.facet {compare} %s AND f.facet >= 'label:' AND f.facet < 'label;'
              ORDER BY f.facet {pick} LIMIT 1) x ORDER BY x.facet {pick} LIMIT 1"""
    else:
        step = f"""SELECT f.facet FROM message_facets f WHERE f.organization_id = $1 AND f.environment_id = $2
              AND cardinality($3::uuid[]) = 0 AND f.facet {compare} %s AND f.facet >= 'label:' AND f.facet < 'label;'
              AND f.inbox_id <> ALL (ARRAY(
                SELECT d.id FROM inboxes d WHERE d.organization_id = $1 AND d.deleted_at IS NOT NULL))
              ORDER BY f.facet {pick} LIMIT 1"""
    return await tx.rows(
        f"""WITH RECURSIVE walk AS (
              SELECT first.facet, 1 AS n FROM ({step % "$4"}) first
              UNION ALL
              SELECT next.facet, walk.n + 1 FROM walk CROSS JOIN LATERAL ({step % "walk.facet"}) next WHERE walk.n < $5
            ) SELECT substr(facet, 7) AS name FROM walk LIMIT $5""",
        tenant.organization_id,
        tenant.environment_id,
        list(inbox_ids),
        after,
        limit,
    )
