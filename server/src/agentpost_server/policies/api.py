"""The REST door of policies."""

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from agentpost_server.accounts import Caller, needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.policies import policies, store
from agentpost_server.policies.model import CreatePolicy, Kind, Policy, UpdatePolicy, policy_of
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page

KindFilter = Annotated[Kind | None, QueryParameter(description="Only policies of this kind.")]
InboxFilter = Annotated[str | None, QueryParameter(max_length=64, description="Only those of this inbox alone.")]


@get("/policies", opt=needs("policies:read"), tags=["policies"], summary="List policies")
async def list_policies(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    kind: KindFilter = None,
    inbox_id: InboxFilter = None,
) -> Page[Policy]:
    """Those of this environment and of the organization, newest first."""
    inbox = ids.decode("inb", inbox_id) if inbox_id is not None else None
    page = listing.open("policies", tenant.organization_id, tenant.environment_id, kind, inbox)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        rows = await store.list_by_id(tx, tenant, kind, inbox, page.uuid(), page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["id"].bytes], policy_of)


@post(
    "/policies", opt=needs("policies:write"), dto=StrictBody[CreatePolicy], tags=["policies"], summary="Create a policy"
)
async def create_policy(
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    data: JSONBody[CreatePolicy],
) -> Response[Policy]:
    """It holds from the next send on. The kinds and their rules: docs/guides/policies.md."""
    return await effect(lambda tx: policies.create(tx, tenant, caller, data), status=201)


@get("/policies/{policy_id:str}", opt=needs("policies:read"), tags=["policies"], summary="Get a policy")
async def get_policy(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], policy_id: FromPath[str]
) -> Policy:
    """With every rule of its kind, those left out at creation included."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await policies.get(tx, tenant, ids.decode("pol", policy_id))


@patch(
    "/policies/{policy_id:str}",
    opt=needs("policies:write"),
    dto=StrictBody[UpdatePolicy],
    tags=["policies"],
    summary="Change a policy",
)
async def update_policy(
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    policy_id: FromPath[str],
    data: JSONBody[UpdatePolicy],
) -> Response[Policy]:
    """What is absent stays; `rules` are replaced whole."""
    return await effect(lambda tx: policies.update(tx, tenant, caller, ids.decode("pol", policy_id), data))


@delete(
    "/policies/{policy_id:str}",
    opt=needs("policies:write"),
    tags=["policies"],
    summary="Delete a policy",
    status_code=204,
)
async def delete_policy(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    policy_id: FromPath[str],
) -> None:
    """What it made wait goes on waiting."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await policies.delete(tx, tenant, caller, ids.decode("pol", policy_id))


ROUTES = [list_policies, create_policy, get_policy, update_policy, delete_policy]
