"""What a held mail said, one revision after the other."""

from uuid import UUID

from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.outbound.holding.model import MessageRevision, revision_of
from agentpost_server.outbound.store import holds as store
from agentpost_server.outbound.store import submit as submit_store
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


async def read(tx: Tx, tenant: Scope, message_id: UUID, listing: ListQuery) -> Page[MessageRevision]:
    """Newest first; empty for what was never held. NotFound for a message that this caller does not have."""
    page = listing.open("message_revisions", tenant.organization_id, message_id)
    if not await submit_store.is_visible(tx, tenant, message_id):
        raise NotFound
    after = None if page.after is None else int(page.after[0])
    rows = await store.list_revisions(tx, tenant, message_id, after, page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["revision"]], revision_of)
