"""Reading a message's history: every step of every recipient."""

from uuid import UUID

from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.outbound.model import MessageEvent, message_event_of
from agentpost_server.outbound.store import states
from agentpost_server.outbound.store import submit as store
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


async def read(tx: Tx, tenant: Scope, message_id: UUID, listing: ListQuery) -> Page[MessageEvent]:
    """Newest first. NotFound for a message that this caller does not have."""
    page = listing.open("message_events", tenant.organization_id, message_id)
    if not await store.is_visible(tx, tenant, message_id):
        raise NotFound
    rows = await states.list_message_events(
        tx, tenant.organization_id, message_id, page.uuid(), page.ascending, page.limit + 1
    )
    return page.of(rows, lambda row: [row["id"].bytes], message_event_of)
