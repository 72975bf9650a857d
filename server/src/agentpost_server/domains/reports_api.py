"""The REST door of what receivers report of a domain."""

from typing import Annotated, Any
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from agentpost_server.accounts import needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.domains import reports, service, store_reports
from agentpost_server.domains.reports import DmarcRow, DmarcSummary
from agentpost_server.runtime import Runtime
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page

WindowDays = Annotated[int, QueryParameter(ge=1, le=400, description="How many days, today included.")]


@get(
    "/domains/{domain_id:str}/reports",
    opt=needs("domains:read"),
    tags=["domains"],
    summary="List what DMARC reports say of a domain",
)
async def list_domain_reports(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    domain_id: FromPath[str],
) -> Page[DmarcRow]:
    """One row for each address that sent in the domain's name, the newest report first. Reports come by mail to the
    address that the domain's DMARC record names; they are read and not kept as messages."""
    decoded = ids.decode("dom", domain_id)
    page = listing.open("domain-reports", tenant.organization_id, decoded)
    after = (UUID(bytes=page.after[0]), page.after[1]) if page.after else None
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await service.row_of(tx, tenant, decoded)
        rows = await store_reports.list_rows(tx, tenant.organization_id, decoded, after, page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["report"].bytes, row["position"]], reports.row_of)


@get(
    "/domains/{domain_id:str}/reports/summary",
    opt=needs("domains:read"),
    tags=["domains"],
    summary="Get what DMARC reports say of a domain, by day",
)
async def get_domain_reports_summary(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    domain_id: FromPath[str],
    window_days: WindowDays = 30,
) -> DmarcSummary:
    """How many mails in the domain's name were seen, and how many of them DMARC passed."""
    decoded = ids.decode("dom", domain_id)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await service.row_of(tx, tenant, decoded)
        return await reports.summary(tx, tenant.organization_id, decoded, window_days, runtime.now())


ROUTES: list[Any] = [list_domain_reports, get_domain_reports_summary]
