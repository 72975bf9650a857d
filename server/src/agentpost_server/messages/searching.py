"""Keyword search over subjects, people and texts: newest first, with what was found marked."""

import html

from agentpost_server import inboxes
from agentpost_server.core import ids
from agentpost_server.core.errors import invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages import store, store_search
from agentpost_server.messages.listing import Filters, walk_of
from agentpost_server.messages.model import Highlights, SearchResult, message_of
from agentpost_server.messages.words import words_of
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


async def search(tx: Tx, tenant: Scope, listing: ListQuery, q: str, filters: Filters) -> Page[SearchResult]:
    """422 when `q` holds no word. NotFound for an inbox that is not there."""
    words = words_of(q)
    if not words:
        raise invalid_field("q", "holds no word")
    if filters.inbox_id is not None:
        await inboxes.find(tx, tenant, ids.decode("inb", filters.inbox_id))
    page = listing.open("search", tenant.organization_id, tenant.environment_id, q, filters, tenant.inbox_ids)
    walk = walk_of(tenant, filters, words).from_cursor(page.uuid(), page.ascending)
    found = await store_search.find(tx, tenant, walk, page.ascending, page.limit + 1)
    shown = found[: page.limit]
    rows = {row["id"]: row for row in await store.many(tx, tenant, shown)}
    marked = {row["id"]: row for row in await store_search.highlights(tx, tenant, words, shown)} if shown else {}
    results = [
        SearchResult(
            message=message_of(rows[one]),
            highlights=Highlights(subject=_marked(marked[one]["subject"]), text=_marked(marked[one]["text"])),
        )
        for one in shown
        if one in rows and one in marked
    ]
    # The cursor is the last id found, whether or not its row was still there.
    token = page.of(found, lambda one: [one.bytes], lambda one: one).next_page_token
    return Page(data=results, next_page_token=token)


def _marked(text: str) -> str:
    """HTML: everything escaped but our own marks."""
    escaped = html.escape(text, quote=False)
    return escaped.replace(store_search.START, "<mark>").replace(store_search.STOP, "</mark>")
