"""The REST door of inboxes."""

from typing import Annotated
from uuid import UUID

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from agentpost_server.accounts import Caller, needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.inboxes import service, store
from agentpost_server.inboxes.model import CreateInbox, Inbox, UpdateInbox, inbox_of
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page

Q = Annotated[str | None, QueryParameter(max_length=100, description="Begins a word of the address or display name.")]


@get("/inboxes", opt=needs("inboxes:read"), tags=["inboxes"], summary="List or search inboxes")
async def list_inboxes(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], listing: NamedDependency[ListQuery], q: Q = None
) -> Page[Inbox]:
    """Newest first. With `q`: those whose address or display name has a word that begins so, in order of that word."""
    page = listing.open("inboxes", tenant.organization_id, tenant.environment_id, q)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        if not q:
            rows = await store.list_by_id(tx, tenant, page.uuid(), page.ascending, page.limit + 1)
            return page.of(rows, lambda row: [row["id"].bytes], inbox_of)
        after = (page.after[0], UUID(bytes=page.after[1])) if page.after else None
        rows = await store.search(tx, tenant, q.lower().replace("\x00", ""), after, page.limit + 1)
    return page.of(rows, lambda row: [row["word"], row["id"].bytes], inbox_of)


@post("/inboxes", opt=needs("inboxes:write"), dto=StrictBody[CreateInbox], tags=["inboxes"], summary="Create an inbox")
async def create_inbox(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    data: JSONBody[CreateInbox],
) -> Response[Inbox]:
    """An address that receives at once. Without a domain it stands on the server's shared one."""
    shared = runtime.settings.shared_domain
    return await effect(lambda tx: service.create(tx, tenant, caller.actor, data, shared_domain=shared), status=201)


@get("/inboxes/{inbox_id:str}", opt=needs("inboxes:read"), tags=["inboxes"], summary="Get an inbox")
async def get_inbox(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], inbox_id: FromPath[str]
) -> Inbox:
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return inbox_of(await service.row_of(tx, tenant, ids.decode("inb", inbox_id)))


@patch(
    "/inboxes/{inbox_id:str}",
    opt=needs("inboxes:write"),
    dto=StrictBody[UpdateInbox],
    tags=["inboxes"],
    summary="Change an inbox",
)
async def update_inbox(
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    inbox_id: FromPath[str],
    data: JSONBody[UpdateInbox],
) -> Response[Inbox]:
    """What is absent stays; null clears. `metadata` is replaced whole."""
    return await effect(lambda tx: service.update(tx, tenant, caller.actor, ids.decode("inb", inbox_id), data))


@post(
    "/inboxes/{inbox_id:str}/pause",
    opt=needs("inboxes:write"),
    tags=["inboxes"],
    summary="Pause sending",
    status_code=200,
)
async def pause_inbox(
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    inbox_id: FromPath[str],
) -> Response[Inbox]:
    """Nothing leaves from this inbox until it is resumed. It goes on receiving."""
    return await effect(lambda tx: service.pause(tx, tenant, caller.actor, ids.decode("inb", inbox_id)))


@post(
    "/inboxes/{inbox_id:str}/resume",
    opt=needs("inboxes:write"),
    tags=["inboxes"],
    summary="Resume sending",
    status_code=200,
)
async def resume_inbox(
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    inbox_id: FromPath[str],
) -> Response[Inbox]:
    return await effect(lambda tx: service.resume(tx, tenant, caller.actor, ids.decode("inb", inbox_id)))


@delete(
    "/inboxes/{inbox_id:str}", opt=needs("inboxes:write"), tags=["inboxes"], summary="Delete an inbox", status_code=204
)
async def delete_inbox(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    inbox_id: FromPath[str],
) -> None:
    """Its mail goes with it. The address is never given to anyone again."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await service.delete(tx, tenant, caller.actor, ids.decode("inb", inbox_id))


ROUTES = [list_inboxes, create_inbox, get_inbox, update_inbox, pause_inbox, resume_inbox, delete_inbox]
