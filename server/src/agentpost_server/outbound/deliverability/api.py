"""The REST door of deliverability."""

from typing import Annotated, Any, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from agentpost_server import inboxes
from agentpost_server.accounts import Caller, needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.mail.address import AddressError, parse_domain
from agentpost_server.outbound.deliverability.model import Deliverability
from agentpost_server.outbound.deliverability.report import Asked, Interval, report
from agentpost_server.outbound.deliverability.score import thresholds
from agentpost_server.runtime import Runtime

WindowDays = Annotated[int, QueryParameter(ge=1, le=90, description="How far back to look.")]
Step = Annotated[Interval, QueryParameter(description="What one entry of `series` stands for, in UTC.")]
InboxId = Annotated[str | None, QueryParameter(max_length=64, description="Of this inbox alone.")]
Domain = Annotated[
    str | None, QueryParameter(max_length=253, description="Of the inboxes that stand on this domain alone.")
]
Reach = Annotated[
    Literal["environment", "organization"],
    QueryParameter(name="scope", description="`organization`: of every environment that the key may use."),
]


@get(
    "/inboxes/{inbox_id:str}/deliverability",
    opt=needs("metrics:read"),
    tags=["metrics"],
    summary="Get an inbox's deliverability",
)
async def get_inbox_deliverability(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    inbox_id: FromPath[str],
    window_days: WindowDays = 7,
    interval: Step = "day",
) -> Deliverability:
    """Score, rates and series of what this inbox sent. A few seconds behind."""
    decoded = ids.decode("inb", inbox_id)
    asked = Asked(
        organization_id=tenant.organization_id,
        environment_ids=(tenant.environment_id,),
        inbox_ids=(decoded,),
        domain=None,
        window_days=window_days,
        interval=interval,
    )
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await inboxes.find(tx, tenant, decoded)
        return await report(tx, asked, thresholds(runtime.settings), runtime.now())


@get("/metrics/deliverability", opt=needs("metrics:read"), tags=["metrics"], summary="Get deliverability")
async def get_deliverability(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    inbox_id: InboxId = None,
    domain: Domain = None,
    reach: Reach = "environment",
    window_days: WindowDays = 7,
    interval: Step = "day",
) -> Deliverability:
    """Of the environment, or of an inbox, a domain or the whole organization. A key that is limited to inboxes sees the
    numbers of those. A few seconds behind."""
    decoded = ids.decode("inb", inbox_id) if inbox_id else None
    everywhere = tuple(one.id for one in caller.environments)
    asked = Asked(
        organization_id=tenant.organization_id,
        environment_ids=everywhere if reach == "organization" else (tenant.environment_id,),
        inbox_ids=(decoded,) if decoded else tenant.inbox_ids or None,
        domain=_domain(domain) if domain else None,
        window_days=window_days,
        interval=interval,
    )
    async with runtime.database.transaction(tenant.organization_id) as tx:
        if decoded is not None:
            await inboxes.find(tx, tenant, decoded)
        return await report(tx, asked, thresholds(runtime.settings), runtime.now())


def _domain(given: str) -> str:
    """As domains are stored; what is no name is nobody's."""
    try:
        return parse_domain(given.strip().rstrip("."))
    except AddressError:
        return ""


ROUTES: list[Any] = [get_inbox_deliverability, get_deliverability]
