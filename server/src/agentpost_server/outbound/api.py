"""The REST door of mail out: send, answer, forward, change one's mind, read the history, keep the suppression list."""

from typing import Any

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from agentpost_server.accounts import Caller, needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.messages.model import Message
from agentpost_server.outbound import history, later, preflight, submit, suppressions
from agentpost_server.outbound.model import (
    Cancel,
    CreateSuppression,
    Forward,
    MessageEvent,
    Preflight,
    Reply,
    Reschedule,
    Send,
    Suppression,
)
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


@post(
    "/inboxes/{inbox_id:str}/messages",
    opt=needs("messages:send"),
    dto=StrictBody[Send],
    tags=["messages"],
    summary="Send a message",
)
async def send_message(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    inbox_id: FromPath[str],
    data: JSONBody[Send],
) -> Response[Message]:
    """Queued at once, or scheduled by `send_at`. Who is on the suppression list is left out and marked so."""
    return await submit.send(runtime, tenant, caller.actor, effect, ids.decode("inb", inbox_id), data)


@post(
    "/inboxes/{inbox_id:str}/messages/preflight",
    opt=needs("messages:send"),
    dto=StrictBody[Send],
    tags=["messages"],
    summary="Ask what a send would meet",
    status_code=200,
)
async def preflight_message(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    inbox_id: FromPath[str],
    data: JSONBody[Send],
) -> Preflight:
    """Every check that it would meet, which policy or rule each is, and what to do. Sends nothing, writes nothing, and
    fetches no `url`."""
    return await preflight.preflight(runtime, tenant, caller.actor, ids.decode("inb", inbox_id), data)


@post(
    "/messages/{message_id:str}/reply",
    opt=needs("messages:send"),
    dto=StrictBody[Reply],
    tags=["messages"],
    summary="Reply to a message",
)
async def reply_to_message(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    message_id: FromPath[str],
    data: JSONBody[Reply],
) -> Response[Message]:
    """To its author (Reply-To first), in its thread, with the original quoted."""
    return await submit.answer(runtime, tenant, caller.actor, effect, "reply", ids.decode("msg", message_id), data)


@post(
    "/messages/{message_id:str}/reply-all",
    opt=needs("messages:send"),
    dto=StrictBody[Reply],
    tags=["messages"],
    summary="Reply to everybody",
)
async def reply_all_to_message(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    message_id: FromPath[str],
    data: JSONBody[Reply],
) -> Response[Message]:
    """To its author, and in `cc` to everybody else who got it. More than 50 are refused: name them yourself."""
    return await submit.answer(runtime, tenant, caller.actor, effect, "reply_all", ids.decode("msg", message_id), data)


@post(
    "/messages/{message_id:str}/forward",
    opt=needs("messages:send"),
    dto=StrictBody[Forward],
    tags=["messages"],
    summary="Forward a message",
)
async def forward_message(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    message_id: FromPath[str],
    data: JSONBody[Forward],
) -> Response[Message]:
    """The whole original with its files, below what you write."""
    return await submit.answer(runtime, tenant, caller.actor, effect, "forward", ids.decode("msg", message_id), data)


@post(
    "/messages/{message_id:str}/cancel",
    opt=needs("messages:send"),
    dto=StrictBody[Cancel],
    tags=["messages"],
    summary="Cancel a message that waits",
    status_code=200,
)
async def cancel_message(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    message_id: FromPath[str],
    data: JSONBody[Cancel],
) -> Response[Message]:
    """Scheduled, queued, or held for a person; 409 once it has begun to leave."""
    message, moment = ids.decode("msg", message_id), runtime.now()
    return await effect(lambda tx: later.cancel(tx, tenant, caller.actor, message, moment))


@post(
    "/messages/{message_id:str}/reschedule",
    opt=needs("messages:send"),
    dto=StrictBody[Reschedule],
    tags=["messages"],
    summary="Choose another time",
    status_code=200,
)
async def reschedule_message(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    message_id: FromPath[str],
    data: JSONBody[Reschedule],
) -> Response[Message]:
    """Of a scheduled message; 409 for any other."""
    moment = runtime.now()
    return await effect(lambda tx: later.reschedule(tx, tenant, ids.decode("msg", message_id), data.send_at, moment))


@get(
    "/messages/{message_id:str}/events",
    opt=needs("messages:read"),
    tags=["messages"],
    summary="List a message's history",
)
async def list_message_events(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    message_id: FromPath[str],
) -> Page[MessageEvent]:
    """Every change of every recipient's status, newest first."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await history.read(tx, tenant, ids.decode("msg", message_id), listing)


@get("/suppressions", opt=needs("suppressions:read"), tags=["suppressions"], summary="List suppressed addresses")
async def list_suppressions(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], listing: NamedDependency[ListQuery]
) -> Page[Suppression]:
    """Newest first."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await suppressions.list_all(tx, tenant, listing)


@post(
    "/suppressions",
    opt=needs("suppressions:write"),
    dto=StrictBody[CreateSuppression],
    tags=["suppressions"],
    summary="Suppress an address",
)
async def create_suppression(
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    data: JSONBody[CreateSuppression],
) -> Response[Suppression]:
    """Nothing is sent to it from this environment any more. 200 when it was on the list already."""
    return await effect(lambda tx: suppressions.add(tx, tenant, caller.actor, data), status=201)


@get(
    "/suppressions/{suppression_id:str}",
    opt=needs("suppressions:read"),
    tags=["suppressions"],
    summary="Get a suppressed address",
)
async def get_suppression(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], suppression_id: FromPath[str]
) -> Suppression:
    """Which address, and why it is suppressed."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await suppressions.get(tx, tenant, ids.decode("sup", suppression_id))


@delete(
    "/suppressions/{suppression_id:str}",
    opt=needs("suppressions:write"),
    tags=["suppressions"],
    summary="Remove an address from the list",
    status_code=204,
)
async def delete_suppression(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    suppression_id: FromPath[str],
) -> None:
    """It can be written to again."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await suppressions.remove(tx, tenant, caller.actor, ids.decode("sup", suppression_id))


ROUTES: list[Any] = [
    send_message,
    preflight_message,
    reply_to_message,
    reply_all_to_message,
    forward_message,
    cancel_message,
    reschedule_message,
    list_message_events,
    list_suppressions,
    create_suppression,
    get_suppression,
    delete_suppression,
]
