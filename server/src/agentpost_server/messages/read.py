"""Reading messages: one, several, a filtered page."""

from collections.abc import Sequence
from uuid import UUID

from agentpost_server import inboxes
from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages import store, store_search
from agentpost_server.messages.listing import Filters, walk_of
from agentpost_server.messages.model import Message, message_of, whole_message_of
from agentpost_server.messages.words import words_of
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


async def get(tx: Tx, tenant: Scope, message_id: UUID) -> Message:
    """The whole message, texts and headers included. Raises NotFound."""
    row = await store.get(tx, tenant, message_id)
    if row is None:
        raise NotFound
    return whole_message_of(row)


async def get_many(tx: Tx, tenant: Scope, message_ids: Sequence[UUID]) -> list[Message]:
    """List rows in the order asked; what is not there is left out."""
    found = {row["id"]: message_of(row) for row in await store.many(tx, tenant, message_ids)}
    return [found[one] for one in dict.fromkeys(message_ids) if one in found]


async def list_messages(tx: Tx, tenant: Scope, listing: ListQuery, filters: Filters) -> Page[Message]:
    """Raises NotFound for an inbox or thread that is not there."""
    words = None if filters.subject is None else words_of(filters.subject, field="subject", weight="A")
    page = listing.open("messages", tenant.organization_id, tenant.environment_id, filters, tenant.inbox_ids)
    walk = walk_of(tenant, filters, words).from_cursor(page.uuid(), page.ascending)
    if walk.words is None:
        rows = await store.page(tx, tenant, walk, page.ascending, page.limit + 1)
    else:
        found = await store_search.find(tx, tenant, walk, page.ascending, page.limit + 1)
        by_id = {row["id"]: row for row in await store.many(tx, tenant, found)}
        rows = [by_id[one] for one in found if one in by_id]
    if not rows and filters.inbox_id is not None:
        await inboxes.find(tx, tenant, ids.decode("inb", filters.inbox_id))
    return page.of(rows, lambda row: [row["id"].bytes], message_of)
