"""The REST door of drafts."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from agentpost_server.accounts import Caller, needs
from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.drafts import send, store, write
from agentpost_server.drafts.model import (
    CreateDraft,
    Draft,
    Revision,
    SendDraft,
    UpdateDraft,
    draft_of,
    revision_of,
)
from agentpost_server.inboxes import find as find_inbox
from agentpost_server.messages.model import Message
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
from agentpost_server.web.lists import ListQuery, OpenPage
from agentpost_server.web.paging import Page


@get("/inboxes/{inbox_id:str}/drafts", opt=needs("drafts:read"), tags=["drafts"], summary="List an inbox's drafts")
async def list_drafts(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    inbox_id: FromPath[str],
) -> Page[Draft]:
    """Newest first, bodies included: a page of long ones may hold fewer than `limit`."""
    wanted = ids.decode("inb", inbox_id)
    page = listing.open("drafts", tenant.organization_id, wanted)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await find_inbox(tx, tenant, wanted)
        rows = await store.list_of_inbox(tx, tenant, wanted, page.uuid(), page.ascending, page.limit + 1)
    return _fitting(page, rows).of(rows, lambda row: [row["id"].bytes], draft_of)


@post(
    "/inboxes/{inbox_id:str}/drafts",
    opt=needs("drafts:write"),
    dto=StrictBody[CreateDraft],
    tags=["drafts"],
    summary="Create a draft",
)
async def create_draft(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    inbox_id: FromPath[str],
    data: JSONBody[CreateDraft],
) -> Response[Draft]:
    """Nothing leaves until it is sent. With `send_at` it is sent then, which needs `messages:send`."""
    return await write.create(runtime, tenant, caller, effect, ids.decode("inb", inbox_id), data)


@get("/drafts/{draft_id:str}", opt=needs("drafts:read"), tags=["drafts"], summary="Get a draft")
async def get_draft(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], draft_id: FromPath[str]
) -> Draft:
    """As its newest revision is."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return draft_of(await _found(tx, tenant, ids.decode("drf", draft_id)))


@patch(
    "/drafts/{draft_id:str}",
    opt=needs("drafts:write"),
    dto=StrictBody[UpdateDraft],
    tags=["drafts"],
    summary="Change a draft",
)
async def update_draft(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    draft_id: FromPath[str],
    data: JSONBody[UpdateDraft],
) -> Response[Draft]:
    """What is absent stays; null clears. Every change is a revision. One that is scheduled afterwards needs
    `messages:send`."""
    return await write.update(runtime, tenant, caller, effect, ids.decode("drf", draft_id), data)


@delete("/drafts/{draft_id:str}", opt=needs("drafts:write"), tags=["drafts"], summary="Delete a draft", status_code=204)
async def delete_draft(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], draft_id: FromPath[str]
) -> None:
    """With its revisions and files. A scheduled one is not sent any more."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await write.delete(tx, tenant, ids.decode("drf", draft_id))


@get(
    "/drafts/{draft_id:str}/revisions",
    opt=needs("drafts:read"),
    tags=["drafts"],
    summary="List a draft's revisions",
)
async def list_draft_revisions(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    draft_id: FromPath[str],
) -> Page[Revision]:
    """The draft as it was, newest first: who wrote each, and which fields `changed`."""
    wanted = ids.decode("drf", draft_id)
    page = listing.open("draft_revisions", tenant.organization_id, wanted)
    after = None if page.after is None else int(page.after[0])
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await _found(tx, tenant, wanted)
        rows = await store.list_revisions(tx, tenant, wanted, after, page.ascending, page.limit + 1)
    return _fitting(page, rows).of(rows, lambda row: [row["revision"]], revision_of)


@post(
    "/drafts/{draft_id:str}/send",
    opt=needs("messages:send"),
    dto=StrictBody[SendDraft],
    tags=["drafts"],
    summary="Send a draft",
)
async def send_draft(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    draft_id: FromPath[str],
    data: JSONBody[SendDraft],
) -> Response[Message]:
    """Now, whatever `send_at` says. The draft is gone and the message is there, both or neither."""
    return await send.send(runtime, tenant, effect, ids.decode("drf", draft_id), data.revision)


async def _found(tx: Any, tenant: Scope, draft_id: UUID) -> Any:
    row = await store.find(tx, tenant, draft_id)
    if row is None:
        raise NotFound
    return row


def _fitting(page: OpenPage, rows: list[Any]) -> OpenPage:
    """The page cut before the first row whose bodies would be too much: they are the next page's."""
    fitting = next((n for n, row in enumerate(rows) if not row["fits"]), len(rows))
    return msgspec.structs.replace(page, limit=min(page.limit, fitting)) if rows else page


ROUTES: list[Any] = [
    list_drafts,
    create_draft,
    get_draft,
    update_draft,
    delete_draft,
    list_draft_revisions,
    send_draft,
]
