"""The REST door of the sandbox: what was captured, and the simulator of test environments."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agentpost_server.accounts import Caller, needs
from agentpost_server.core.scope import Scope
from agentpost_server.runtime import Runtime
from agentpost_server.sandbox import arrivals, cast, clock, store
from agentpost_server.sandbox.model import (
    AdvanceClock,
    Captured,
    Clock,
    Deliver,
    Delivered,
    Persona,
    WritePersona,
    captured_of,
)
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
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


@get("/sandbox/clock", opt=needs("environments:write"), tags=["sandbox"], summary="Read the environment's clock")
async def get_clock(runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope]) -> Clock:
    """The wall's, but in a test environment whose clock was advanced."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await clock.read(tx, tenant, runtime.now())


@post(
    "/sandbox/clock",
    opt=needs("environments:write"),
    dto=StrictBody[AdvanceClock],
    tags=["sandbox"],
    summary="Advance the environment's clock",
    status_code=200,
)
async def advance_clock(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    data: JSONBody[AdvanceClock],
) -> Response[Clock]:
    """Of a test environment only, and forward only. What it has waiting becomes due that much sooner."""
    return await effect(lambda tx: clock.advance(tx, tenant, caller.actor, data, runtime.now()))


@get("/sandbox/personas", opt=needs("environments:write"), tags=["sandbox"], summary="List correspondents")
async def list_personas(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], listing: NamedDependency[ListQuery]
) -> Page[Persona]:
    """By address, descending; those of the environment and the built-in people of `sandbox.test`."""
    page = listing.open("sandbox_personas", tenant.organization_id, tenant.environment_id)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await cast.read(tx, tenant, page)


@post(
    "/sandbox/personas",
    opt=needs("environments:write"),
    dto=StrictBody[WritePersona],
    tags=["sandbox"],
    summary="Write a correspondent's script",
)
async def write_persona(
    tenant: NamedDependency[Scope], effect: NamedDependency[Effect], data: JSONBody[WritePersona]
) -> Response[Persona]:
    """In a test environment. 200 where the address has one already: it is written anew."""
    return await effect(lambda tx: cast.write(tx, tenant, data), status=201)


@post(
    "/sandbox/deliver",
    opt=needs("environments:write"),
    dto=StrictBody[Deliver],
    tags=["sandbox"],
    summary="Deliver a mail to an inbox",
)
async def deliver_mail(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    data: JSONBody[Deliver],
) -> Response[Delivered]:
    """As if it came from outside, at the environment's time. In a test environment only."""
    return await arrivals.deliver(runtime, tenant, effect, data)


ROUTES: list[Any] = [list_outbox, get_clock, advance_clock, list_personas, write_persona, deliver_mail]
