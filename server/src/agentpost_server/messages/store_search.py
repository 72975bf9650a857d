"""SQL of search: ids come from the router's function, rows and highlights of the page from under row-level security."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from agentpost_server.core.errors import Invalid
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages.listing import Walk

# Stand where <mark> will, in text that cannot hold them.
START, STOP = "\x02", "\x03"
_MARKS = f'StartSel="{START}", StopSel="{STOP}"'
_HIGHLIGHTED_CHARACTERS = 10_000


async def find(tx: Tx, tenant: Scope, walk: Walk, ascending: bool, limit: int) -> list[UUID]:
    """Ids in order. A search that takes more than a second is refused (422): it says too little."""
    await tx.run("SET LOCAL statement_timeout = '1s'")
    try:
        rows = await tx.rows(
            "SELECT id FROM router.search_ids($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS id",
            walk.words,
            tenant.environment_id,
            list(walk.inbox_ids),
            walk.thread_id,
            list(walk.facets),
            list(walk.without),
            walk.lower,
            walk.upper,
            ascending,
            limit,
        )
    except asyncpg.QueryCanceledError as cancelled:
        raise _too_broad() from cancelled
    return [row["id"] for row in rows]


async def highlights(tx: Tx, tenant: Scope, words: str, message_ids: Sequence[UUID]) -> list[Any]:
    """Subject and a piece of text of each message, the found words between START and STOP."""
    try:
        return await tx.rows(
            f"""SELECT m.id,
                  ts_headline('pg_catalog.simple', short_words(translate(left(m.subject, 1000), $4, '')), q, $5)
                    AS subject,
                  ts_headline('pg_catalog.simple', short_words(translate(left(
                    COALESCE(c.text_body, c.extracted_text, m.preview), {_HIGHLIGHTED_CHARACTERS}), $4, '')), q, $6)
                    AS text
                FROM to_tsquery('pg_catalog.simple', $3) AS q
                CROSS JOIN messages m
                LEFT JOIN message_contents c ON c.organization_id = m.organization_id AND c.message_id = m.id
                WHERE m.organization_id = $1 AND m.id = ANY ($2)""",
            tenant.organization_id,
            list(message_ids),
            words,
            START + STOP,
            f"{_MARKS}, HighlightAll=true",
            f'{_MARKS}, MaxFragments=2, MinWords=8, MaxWords=24, FragmentDelimiter=" … "',
        )
    except asyncpg.QueryCanceledError as cancelled:
        raise _too_broad() from cancelled


def _too_broad() -> Invalid:
    return Invalid(
        "This search took longer than a second.",
        fix="Search for rarer or more words, within one inbox, or with a shorter time.",
    )
