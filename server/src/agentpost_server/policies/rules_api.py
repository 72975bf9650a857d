"""The REST door of filter rules."""

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from agentpost_server.accounts import Caller, needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.policies import rules, store_rules
from agentpost_server.policies.model_rules import (
    AskFilterRules,
    CreateFilterRule,
    Direction,
    FilterAnswer,
    FilterRule,
    UpdateFilterRule,
    filter_rule_of,
)
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page

DirectionFilter = Annotated[Direction | None, QueryParameter(description="Only rules of this direction.")]
InboxFilter = Annotated[str | None, QueryParameter(max_length=64, description="Only those of this inbox alone.")]


@get("/filter-rules", opt=needs("filter_rules:read"), tags=["filter rules"], summary="List filter rules")
async def list_filter_rules(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    direction: DirectionFilter = None,
    inbox_id: InboxFilter = None,
) -> Page[FilterRule]:
    """Those of this environment and of the organization, newest first."""
    inbox = ids.decode("inb", inbox_id) if inbox_id is not None else None
    page = listing.open("filter_rules", tenant.organization_id, tenant.environment_id, direction, inbox)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        rows = await store_rules.list_by_id(tx, tenant, direction, inbox, page.uuid(), page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["id"].bytes], filter_rule_of)


@post(
    "/filter-rules",
    opt=needs("filter_rules:write"),
    dto=StrictBody[CreateFilterRule],
    tags=["filter rules"],
    summary="Create a filter rule",
)
async def create_filter_rule(
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    data: JSONBody[CreateFilterRule],
) -> Response[FilterRule]:
    """It holds from the next mail on. An allow rule shuts out everybody else: the answer's `warning` says so. 200 with
    the one that stands when the same rule is made again."""
    return await effect(lambda tx: rules.create(tx, tenant, caller, data), status=201)


@post(
    "/filter-rules/test",
    opt=needs("filter_rules:read"),
    dto=StrictBody[AskFilterRules],
    tags=["filter rules"],
    summary="Ask what the filter rules say",
    status_code=200,
)
async def test_filter_rules(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], data: JSONBody[AskFilterRules]
) -> FilterAnswer:
    """Whether an address may be written to, or received from, and which rule says so. Changes nothing."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await rules.test(tx, tenant, data)


@get("/filter-rules/{rule_id:str}", opt=needs("filter_rules:read"), tags=["filter rules"], summary="Get a filter rule")
async def get_filter_rule(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], rule_id: FromPath[str]
) -> FilterRule:
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await rules.get(tx, tenant, ids.decode("rul", rule_id))


@patch(
    "/filter-rules/{rule_id:str}",
    opt=needs("filter_rules:write"),
    dto=StrictBody[UpdateFilterRule],
    tags=["filter rules"],
    summary="Change a filter rule",
)
async def update_filter_rule(
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    rule_id: FromPath[str],
    data: JSONBody[UpdateFilterRule],
) -> Response[FilterRule]:
    """What is absent stays; null clears the reason. Where it holds and in which direction does not change."""
    return await effect(lambda tx: rules.update(tx, tenant, caller, ids.decode("rul", rule_id), data))


@delete(
    "/filter-rules/{rule_id:str}",
    opt=needs("filter_rules:write"),
    tags=["filter rules"],
    summary="Delete a filter rule",
    status_code=204,
)
async def delete_filter_rule(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    rule_id: FromPath[str],
) -> None:
    """With the last allow rule of a direction goes the list: everybody may again."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await rules.delete(tx, tenant, caller, ids.decode("rul", rule_id))


ROUTES = [
    list_filter_rules,
    create_filter_rule,
    test_filter_rules,
    get_filter_rule,
    update_filter_rule,
    delete_filter_rule,
]
