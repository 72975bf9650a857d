"""The REST door of what the server noted: requests, usage, the audit log."""

from litestar import get
from litestar.di import NamedDependency

from agentpost_server.accounts.authenticate import Caller
from agentpost_server.accounts.scopes import needs
from agentpost_server.audit.read import AuditEntry, entry_of, list_entries
from agentpost_server.core.errors import Forbidden
from agentpost_server.requests.read import LoggedRequest, request_of
from agentpost_server.requests.read import list_requests as read_requests
from agentpost_server.runtime import Runtime
from agentpost_server.usage.read import UsageReport, report
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


@get("/requests", opt=needs("audit:read"), tags=["records"], summary="List API requests")
async def list_requests(
    runtime: NamedDependency[Runtime], caller: NamedDependency[Caller], listing: NamedDependency[ListQuery]
) -> Page[LoggedRequest]:
    """Method, path, status, duration and key of each request; never a body. Kept for days; up to a second behind."""
    _whole_organization(caller)
    page = listing.open("requests", caller.organization_id)
    async with runtime.database.transaction(caller.organization_id) as tx:
        rows = await read_requests(tx, caller.organization_id, page.uuid(), page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["id"].bytes], request_of)


@get("/org/audit-log", opt=needs("audit:read"), tags=["records"], summary="Read the audit log")
async def list_audit_log(
    runtime: NamedDependency[Runtime], caller: NamedDependency[Caller], listing: NamedDependency[ListQuery]
) -> Page[AuditEntry]:
    """Access, settings, approvals, deletions: who, what, before and after. Nothing in it can be changed."""
    _whole_organization(caller)
    page = listing.open("audit_log", caller.organization_id)
    async with runtime.database.transaction(caller.organization_id) as tx:
        rows = await list_entries(tx, caller.organization_id, page.uuid(), page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["id"].bytes], entry_of)


@get("/usage", opt=needs("usage:read"), tags=["records"], summary="Usage of this month")
async def get_usage(runtime: NamedDependency[Runtime], caller: NamedDependency[Caller]) -> UsageReport:
    _whole_organization(caller)
    async with runtime.database.transaction(caller.organization_id) as tx:
        return await report(tx, caller.organization_id, runtime.now().date())


def _whole_organization(caller: Caller) -> None:
    """These tell of the whole organization: a key for certain inboxes or environments must not read them."""
    if caller.inbox_ids or caller.key.environment_ids:
        raise Forbidden("This key sees certain inboxes or environments only.", fix="Use a key without such limits.")


ROUTES = [list_requests, list_audit_log, get_usage]
