"""Verbs on the suppression list: whom an environment no longer writes to, and why."""

from uuid import UUID

from agentpost_server import audit
from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound, invalid_field
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.db import Tx
from agentpost_server.mail.address import AddressError, canonical, parse_email
from agentpost_server.outbound.model import CreateSuppression, Suppression, suppression_of
from agentpost_server.outbound.store import suppressions as store
from agentpost_server.web.idempotency import Answer
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


async def add(tx: Tx, tenant: Scope, actor: Actor, wanted: CreateSuppression) -> Answer[Suppression]:
    """201; 200 with the one that stands when the address is listed already."""
    try:
        email = canonical(parse_email(wanted.email.strip()))
    except AddressError as error:
        raise invalid_field("email", str(error), code="invalid_address") from error
    if (standing := await store.find_by_email(tx, tenant, email)) is not None:
        return Answer(value=suppression_of(standing), status=200)
    row = (tenant.organization_id, tenant.environment_id, email, ids.new_id(), wanted.reason, None, None)
    await store.suppress(tx, [row])
    made = suppression_of(await store.find_by_email(tx, tenant, email))
    await audit.record(tx, tenant.organization_id, actor, "suppression.created", made.id, after=made)
    return Answer(value=made, status=201)


async def list_all(tx: Tx, tenant: Scope, listing: ListQuery) -> Page[Suppression]:
    page = listing.open("suppressions", tenant.organization_id, tenant.environment_id)
    rows = await store.list_by_id(tx, tenant, page.uuid(), page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["id"].bytes], suppression_of)


async def get(tx: Tx, tenant: Scope, suppression_id: UUID) -> Suppression:
    row = await store.find(tx, tenant, suppression_id)
    if row is None:
        raise NotFound
    return suppression_of(row)


async def remove(tx: Tx, tenant: Scope, actor: Actor, suppression_id: UUID) -> None:
    gone = await get(tx, tenant, suppression_id)
    await store.delete(tx, tenant, suppression_id)
    await audit.record(tx, tenant.organization_id, actor, "suppression.deleted", gone.id, before=gone)
