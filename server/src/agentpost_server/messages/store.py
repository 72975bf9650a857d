"""SQL of reading messages: one, several, and a page of a filtered list.

Filters on arrays or text search would cost their index under row-level security; the facets are a plain btree.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages.listing import HELD, Walk

_FILES = """(SELECT json_agg(a ORDER BY a.position) FROM attachments a
    WHERE a.organization_id = m.organization_id AND a.message_id = m.id)::text AS attachments"""
_RECIPIENTS = """(SELECT json_agg(json_build_object('email', r.email, 'kind', r.kind, 'status', r.status,
      'detail', r.detail, 'suppression_reason', r.suppression_reason,
      'updated_at', to_char(r.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY r.position)
    FROM recipients r WHERE r.organization_id = m.organization_id AND r.message_id = m.id)::text AS recipients"""
_LIST_ROW = f"m.*, {_FILES}, {_RECIPIENTS}"
# A deleted inbox is gone for every reader at once; its mail goes later, in batches. There are never many of them.
_GONE = "ARRAY(SELECT d.id FROM inboxes d WHERE d.organization_id = $1 AND d.deleted_at IS NOT NULL)"
_PLACE = f"""m.organization_id = $1 AND m.environment_id = $2
    AND (cardinality($3::uuid[]) = 0 OR m.inbox_id = ANY ($3)) AND m.inbox_id <> ALL ({_GONE})"""


def visible(tenant: Scope) -> str:
    """The condition under which the caller ($1 to $3) has a message `m`. Withheld mail is there for approvers alone."""
    return _PLACE if tenant.sees_held else f"{_PLACE} AND m.status <> 'held'"


def visible_file(tenant: Scope) -> str:
    """The same of an attachment `m`."""
    if tenant.sees_held:
        return _PLACE
    return f"""{_PLACE} AND NOT EXISTS (SELECT FROM messages h WHERE h.organization_id = m.organization_id
        AND h.id = m.message_id AND h.status = 'held' OFFSET 0)"""


def visible_thread(tenant: Scope) -> str:
    """The same of a thread `m`: it has begun when some of its mail is not withheld."""
    return _PLACE if tenant.sees_held else f"{_PLACE} AND m.begun"


# A walk through all mail, and one that only leaves out what is withheld, need no look at facets.
_KEPT: dict[tuple[str, ...], str] = {(): "true", (HELD,): "x.status <> 'held'"}


# A thread `t` is shown with the origin of its last message, whose preview it shows. One whose mail is all withheld has
# none: nothing is known of it then.
THREAD_ROW = """t.*, COALESCE(l.direction, 'inbound') AS direction, COALESCE(l.trust, 'unverified') AS trust,
    l.authentication, COALESCE(l.flags, '{}') AS flags"""
LAST_MESSAGE = "LEFT JOIN messages l ON l.organization_id = t.organization_id AND l.id = t.last_message_id"


async def get(tx: Tx, tenant: Scope, message_id: UUID) -> Any:
    return await tx.row(
        f"""SELECT {_LIST_ROW}, c.text_body, c.html_body, c.headers,
              COALESCE(c.extracted_text, left(c.text_body, c.new_text_length)) AS extracted_text,
              COALESCE(c.extracted_html, left(c.html_body, c.new_html_length)) AS extracted_html
            FROM messages m
            LEFT JOIN message_contents c ON c.organization_id = m.organization_id AND c.message_id = m.id
            WHERE {visible(tenant)} AND m.id = $4""",
        tenant.organization_id,
        tenant.environment_id,
        list(tenant.inbox_ids),
        message_id,
    )


async def texts(tx: Tx, tenant: Scope, message_id: UUID, most_text: int, most_html: int) -> Any:
    """Subject and the beginnings of both bodies: as much as is looked at."""
    return await tx.row(
        f"""SELECT m.subject, left(c.text_body, $5) AS text_body, left(c.html_body, $6) AS html_body
            FROM messages m
            LEFT JOIN message_contents c ON c.organization_id = m.organization_id AND c.message_id = m.id
            WHERE {visible(tenant)} AND m.id = $4""",
        tenant.organization_id,
        tenant.environment_id,
        list(tenant.inbox_ids),
        message_id,
        most_text,
        most_html,
    )


async def many(tx: Tx, tenant: Scope, message_ids: Sequence[UUID]) -> list[Any]:
    """In no order: the caller has one."""
    return await tx.rows(
        f"SELECT {_LIST_ROW} FROM messages m WHERE {visible(tenant)} AND m.id = ANY ($4)",
        tenant.organization_id,
        tenant.environment_id,
        list(tenant.inbox_ids),
        list(message_ids),
    )


async def page(tx: Tx, tenant: Scope, walk: Walk, ascending: bool, limit: int) -> list[Any]:
    """A page of list rows by id. The walk's shape picks the index: thread, facet or none; inboxes or environment."""
    order = "ASC" if ascending else "DESC"
    return await tx.rows(
        f"""SELECT {_LIST_ROW} FROM ({page_ids(tenant, walk, order)}) p
            JOIN messages m ON m.organization_id = $1 AND m.id = p.id ORDER BY p.id {order}""",
        tenant.organization_id,
        tenant.environment_id,
        list(walk.inbox_ids),
        walk.lower,
        walk.upper,
        limit,
        *_arguments(walk),
    )


def page_ids(tenant: Scope, walk: Walk, order: str) -> str:
    """The statement that answers the page's ids."""
    if walk.thread_id is not None:
        return f"""SELECT m.id FROM messages m WHERE m.thread_id = $9 AND {visible(tenant)} AND m.id > $4 AND m.id < $5
            AND {_matches("m.id")} ORDER BY m.id {order} LIMIT $6"""
    if walk.facets:
        table, key = "message_facets x", "x.message_id"
        keep = f"x.facet = $9 AND {_matches(key)}"
    else:
        table, key, keep = "messages x", "x.id", _KEPT.get(walk.without) or _matches("x.id")
    range_ = f"{key} > $4 AND {key} < $5 AND {keep} ORDER BY {key} {order} LIMIT $6"
    if not walk.inbox_ids:
        return f"""SELECT {key} AS id FROM {table} WHERE cardinality($3::uuid[]) = 0 AND x.organization_id = $1
            AND x.environment_id = $2 AND x.inbox_id <> ALL ({_GONE}) AND {range_}"""
    return f"""SELECT w.id FROM inboxes b CROSS JOIN LATERAL (
                 SELECT {key} AS id FROM {table} WHERE x.organization_id = $1 AND x.inbox_id = b.id AND {range_}) w
               WHERE b.organization_id = $1 AND b.environment_id = $2 AND b.id = ANY ($3) AND b.deleted_at IS NULL
               ORDER BY w.id {order} LIMIT $6"""


def _matches(key: str) -> str:
    """Has every facet of $7 and none of $8: look-ups in the primary key."""
    return f"""(SELECT count(*) FROM message_facets g WHERE g.organization_id = $1 AND g.message_id = {key}
          AND g.facet = ANY ($7::text[])) = cardinality($7::text[])
        AND NOT EXISTS (SELECT FROM message_facets g WHERE g.organization_id = $1 AND g.message_id = {key}
          AND g.facet = ANY ($8::text[]) OFFSET 0)"""


def _arguments(walk: Walk) -> list[object]:
    """What the statement of this walk has beyond its range: $7, $8, $9."""
    if walk.thread_id is not None:
        return [list(walk.facets), list(walk.without), walk.thread_id]
    if walk.facets:
        return [list(walk.facets[1:]), list(walk.without), walk.facets[0]]
    return [] if walk.without in _KEPT else [[], list(walk.without)]
