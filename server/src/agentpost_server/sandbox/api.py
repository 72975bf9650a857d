"""The REST door of the sandbox: what was captured."""

from typing import Any

from litestar import get
from litestar.di import NamedDependency

from agentpost_server.accounts import needs
from agentpost_server.core.scope import Scope
from agentpost_server.runtime import Runtime
from agentpost_server.sandbox import store
from agentpost_server.sandbox.model import Captured, captured_of
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


@get("/sandbox/outbox", opt=needs("environments:write"), tags=["sandbox"], summary="List captured mail")
async def list_outbox(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], listing: NamedDependency[ListQuery]
) -> Page[Captured]:
    """What the local network kept instead of sending, newest first."""
    page = listing.open("sandbox_outbox", tenant.organization_id, tenant.environment_id, tenant.inbox_ids)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        rows = await store.list_captured(tx, tenant, page.uuid(), page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["id"].bytes], captured_of)


ROUTES: list[Any] = [list_outbox]
