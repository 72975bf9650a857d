"""The REST door of domains."""

from typing import Any

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, JSONBody

from agentpost_server.accounts import Caller, needs
from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.domains import service, store
from agentpost_server.domains.check import TOPIC, check
from agentpost_server.domains.keys import make_key
from agentpost_server.domains.model import CreateDomain, Domain, UpdateDomain
from agentpost_server.domains.shape import domain_of, records_of
from agentpost_server.domains.zone_file import zone_file
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


@get("/domains", opt=needs("domains:read"), tags=["domains"], summary="List domains")
async def list_domains(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], listing: NamedDependency[ListQuery]
) -> Page[Domain]:
    """Newest first, each with its records as they were last seen."""
    page = listing.open("domains", tenant.organization_id, tenant.environment_id)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        rows = await store.list_by_id(tx, tenant, page.uuid(), page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["id"].bytes], lambda row: domain_of(runtime, row))


@post("/domains", opt=needs("domains:write"), dto=StrictBody[CreateDomain], tags=["domains"], summary="Add a domain")
async def create_domain(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    data: JSONBody[CreateDomain],
) -> Response[Domain]:
    """Publish its `records`; the server looks for them at once and then for 72 hours, and tells by `domain.verified` or
    `domain.failed`. The first on this server to prove a domain holds it."""
    if (replayed := await effect.replay()) is not None:
        return replayed
    service.check_domain(runtime, data.domain)
    key = await make_key(runtime.keyring, runtime.now())
    answer = await effect(
        lambda tx: service.create(tx, tenant, caller.actor, data, key=key, runtime=runtime), status=201
    )
    runtime.bus.publish(TOPIC)
    return answer


@get("/domains/{domain_id:str}", opt=needs("domains:read"), tags=["domains"], summary="Get a domain")
async def get_domain(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], domain_id: FromPath[str]
) -> Domain:
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return domain_of(runtime, await service.row_of(tx, tenant, ids.decode("dom", domain_id)))


@patch(
    "/domains/{domain_id:str}",
    opt=needs("domains:write"),
    dto=StrictBody[UpdateDomain],
    tags=["domains"],
    summary="Change a domain",
)
async def update_domain(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    domain_id: FromPath[str],
    data: JSONBody[UpdateDomain],
) -> Response[Domain]:
    """What is absent stays; null clears. Another `transport` may ask for other records: until they are published the
    domain cannot send. Subdomains stay enabled (409) while inboxes stand on them."""
    decoded = ids.decode("dom", domain_id)
    answer = await effect(lambda tx: service.update(tx, tenant, caller.actor, decoded, data, runtime=runtime))
    runtime.bus.publish(TOPIC)
    return answer


@delete(
    "/domains/{domain_id:str}", opt=needs("domains:write"), tags=["domains"], summary="Delete a domain", status_code=204
)
async def delete_domain(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    domain_id: FromPath[str],
) -> None:
    """Refused (409) while inboxes stand on it, which stay while mail of theirs is on its way out. Its keys go with it,
    and anybody who proves the domain may have it next."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await service.delete(tx, tenant, caller.actor, ids.decode("dom", domain_id), runtime=runtime)


@post(
    "/domains/{domain_id:str}/verify",
    opt=needs("domains:write"),
    tags=["domains"],
    summary="Look for a domain's records now",
    status_code=200,
)
async def verify_domain(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], domain_id: FromPath[str]
) -> Domain:
    """Asks the DNS anew, past this server's cache, and answers with what it found. Also begins the search again for a
    domain that has failed."""
    decoded = ids.decode("dom", domain_id)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await service.ask_to_verify(tx, tenant, decoded, runtime=runtime)
    row = await check(runtime, tenant.organization_id, decoded)
    if row is None:
        raise NotFound
    return domain_of(runtime, row)


@post(
    "/domains/{domain_id:str}/rotate-dkim",
    opt=needs("domains:write"),
    tags=["domains"],
    summary="Rotate a domain's DKIM key",
    status_code=200,
)
async def rotate_domain_dkim(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    domain_id: FromPath[str],
) -> Response[Domain]:
    """Publish the new record beside the old one. The old key signs until the new one is seen; leave its record for the
    seven days that it is still listed, for the mail that it signed."""
    decoded = ids.decode("dom", domain_id)
    if (replayed := await effect.replay()) is not None:
        return replayed
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await service.row_of(tx, tenant, decoded)
    key = await make_key(runtime.keyring, runtime.now())
    answer = await effect(lambda tx: service.rotate_dkim(tx, tenant, caller.actor, decoded, key=key, runtime=runtime))
    runtime.bus.publish(TOPIC)
    return answer


@get(
    "/domains/{domain_id:str}/zone-file",
    opt=needs("domains:read"),
    tags=["domains"],
    summary="Get a domain's records as a zone file",
    media_type=MediaType.TEXT,
)
async def get_zone_file(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], domain_id: FromPath[str]
) -> str:
    """For name servers that read BIND's format (RFC 1035)."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        row = await service.row_of(tx, tenant, ids.decode("dom", domain_id))
    return zone_file(row["domain"], records_of(runtime, row))


ROUTES: list[Any] = [
    list_domains,
    create_domain,
    get_domain,
    update_domain,
    delete_domain,
    verify_domain,
    rotate_domain_dkim,
    get_zone_file,
]
