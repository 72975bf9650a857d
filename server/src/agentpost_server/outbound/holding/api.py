"""The REST door of approval."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from agentpost_server.accounts import Caller, needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.messages.model import Message
from agentpost_server.outbound.holding import decide, revisions
from agentpost_server.outbound.holding.deciding import decider_of
from agentpost_server.outbound.holding.model import Approve, MessageRevision, Reject
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


@post(
    "/messages/{message_id:str}/approve",
    opt=needs("drafts:approve"),
    dto=StrictBody[Approve],
    tags=["approval"],
    summary="Approve a message that waits",
    status_code=200,
)
async def approve_message(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    message_id: FromPath[str],
    data: JSONBody[Approve],
) -> Response[Message]:
    """As it is, or with `changes`. Everything that may have changed is asked again: what refuses a send keeps it
    waiting. 409 `revision_conflict` when it says something else by now, `already_decided` for who comes second. Mail
    that was withheld from an inbox becomes `received`."""
    decider, message = decider_of(caller), ids.decode("msg", message_id)
    return await decide.approve(runtime, tenant, decider, effect, message, data)


@post(
    "/messages/{message_id:str}/reject",
    opt=needs("drafts:approve"),
    dto=StrictBody[Reject],
    tags=["approval"],
    summary="Reject a message that waits",
    status_code=200,
)
async def reject_message(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    message_id: FromPath[str],
    data: JSONBody[Reject],
) -> Response[Message]:
    """It is not sent; mail that was withheld from an inbox stays away. The note says why."""
    decider, message = decider_of(caller), ids.decode("msg", message_id)
    return await effect(lambda tx: decide.reject(runtime, tx, tenant, decider, message, data.note))


@get(
    "/messages/{message_id:str}/revisions",
    opt=needs("messages:read"),
    tags=["approval"],
    summary="List the revisions of a message that waited",
)
async def list_message_revisions(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    message_id: FromPath[str],
) -> Page[MessageRevision]:
    """What it said when it was written, and after each change of an approver, newest first."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await revisions.read(tx, tenant, ids.decode("msg", message_id), listing)


ROUTES: list[Any] = [approve_message, reject_message, list_message_revisions]
