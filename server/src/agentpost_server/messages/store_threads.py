"""SQL of threads: one, and pages by last activity or by a label."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages.listing import HELD
from agentpost_server.messages.store import LAST_MESSAGE, THREAD_ROW

_GONE = "ARRAY(SELECT d.id FROM inboxes d WHERE d.organization_id = $1 AND d.deleted_at IS NOT NULL)"


async def by_activity(
    tx: Tx, tenant: Scope, inbox_ids: Sequence[UUID], after: tuple[datetime, UUID], ascending: bool, limit: int
) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    keep = f"(t.last_message_at, t.id) {compare} ($4, $5)"
    by = f"ORDER BY t.last_message_at {order}, t.id {order} LIMIT $6"
    if inbox_ids:
        place = "t.organization_id = $1 AND t.inbox_id = b.id"
        sql = f"""SELECT t.* FROM inboxes b CROSS JOIN LATERAL ({_seen(tenant, f"{place} AND {keep}", by)}) t
                  WHERE b.organization_id = $1 AND b.environment_id = $2 AND b.id = ANY ($3)
                    AND b.deleted_at IS NULL {by}"""
    else:
        place = f"""cardinality($3::uuid[]) = 0 AND t.organization_id = $1 AND t.environment_id = $2
                  AND t.inbox_id <> ALL ({_GONE})"""
        sql = _seen(tenant, f"{place} AND {keep}", by)
    return await tx.rows(
        f"SELECT {THREAD_ROW} FROM ({sql}) t {LAST_MESSAGE} ORDER BY t.last_message_at {order}, t.id {order}",
        tenant.organization_id,
        tenant.environment_id,
        list(inbox_ids),
        after[0],
        after[1],
        limit,
    )


def _seen(tenant: Scope, keep: str, by: str) -> str:
    """Threads that have begun; for approvers also those whose mail is all withheld, which the index has apart."""
    begun = f"SELECT t.* FROM threads t WHERE {keep} AND t.begun {by}"
    if not tenant.sees_held:
        return begun
    withheld = f"SELECT t.* FROM threads t WHERE {keep} AND NOT t.begun {by}"
    return f"SELECT t.* FROM (({begun}) UNION ALL ({withheld})) t {by}"


async def by_label(
    tx: Tx, tenant: Scope, inbox_ids: Sequence[UUID], labels: Sequence[str], after: UUID, ascending: bool, limit: int
) -> list[Any]:
    """A thread stands where its newest message with the first label stands, and has the other labels somewhere.

    Each row's `position` is that message. The look-up of a newer one goes through the thread's own messages.
    """
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    newer, shown = "", ""
    if not tenant.sees_held:
        newer = " AND n.status <> 'held'"
        shown = f""" AND NOT EXISTS (SELECT FROM message_facets h WHERE h.organization_id = $1
          AND h.message_id = f.message_id AND h.facet = '{HELD}' OFFSET 0)"""
    keep = f"""f.facet = $4 AND f.message_id {compare} $5{shown} AND NOT EXISTS (
          SELECT FROM messages n
          JOIN message_facets g ON g.organization_id = $1 AND g.message_id = n.id AND g.facet = $4
          WHERE n.organization_id = $1 AND n.thread_id = f.thread_id AND n.id > f.message_id{newer} OFFSET 0)
        AND (SELECT t.labels FROM threads t WHERE t.organization_id = $1 AND t.id = f.thread_id) @> $7::text[]
        ORDER BY f.message_id {order} LIMIT $6"""
    if inbox_ids:
        ids = f"""SELECT w.* FROM inboxes b CROSS JOIN LATERAL (
                    SELECT f.thread_id, f.message_id FROM message_facets f
                    WHERE f.organization_id = $1 AND f.inbox_id = b.id AND {keep}) w
                  WHERE b.organization_id = $1 AND b.environment_id = $2 AND b.id = ANY ($3) AND b.deleted_at IS NULL
                  ORDER BY w.message_id {order} LIMIT $6"""
    else:
        ids = f"""SELECT f.thread_id, f.message_id FROM message_facets f WHERE cardinality($3::uuid[]) = 0
                  AND f.organization_id = $1 AND f.environment_id = $2 AND f.inbox_id <> ALL ({_GONE}) AND {keep}"""
    return await tx.rows(
        f"""SELECT {THREAD_ROW}, p.message_id AS position FROM ({ids}) p
            JOIN threads t ON t.organization_id = $1 AND t.id = p.thread_id {LAST_MESSAGE}
            ORDER BY p.message_id {order}""",
        tenant.organization_id,
        tenant.environment_id,
        list(inbox_ids),
        f"label:{labels[0]}",
        after,
        limit,
        list(labels[1:]),
    )
