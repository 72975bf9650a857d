"""The REST door of threads."""

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from agentpost_server.accounts import needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.messages import delete as deleting
from agentpost_server.messages import labels as label_rules
from agentpost_server.messages import read, threads
from agentpost_server.messages.api import NO_LABELS, Labels, split_labels
from agentpost_server.messages.listing import Filters
from agentpost_server.messages.model import ChangeLabels, Message, Thread
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


@get("/inboxes/{inbox_id:str}/threads", opt=needs("threads:read"), tags=["threads"], summary="List an inbox's threads")
async def list_inbox_threads(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    inbox_id: FromPath[str],
    labels: Labels = None,
) -> Page[Thread]:
    """By last activity; with `labels` those that have all of them, by their newest message with one."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await threads.list_threads(tx, tenant, listing, inbox_id, split_labels(labels))


@get("/threads", opt=needs("threads:read"), tags=["threads"], summary="List the environment's threads")
async def list_threads(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    labels: Labels = None,
) -> Page[Thread]:
    """The threads of all inboxes that the key may use, ordered as an inbox's."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await threads.list_threads(tx, tenant, listing, None, split_labels(labels))


@get("/threads/{thread_id:str}", opt=needs("threads:read"), tags=["threads"], summary="Get a thread")
async def get_thread(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], thread_id: FromPath[str]
) -> Thread:
    """With its first 50 messages, oldest first. `messages_next_page_token` goes on at
    `/threads/{id}/messages?ascending=true`."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        found = await threads.find(tx, tenant, ids.decode("thr", thread_id))
        first = ListQuery(runtime.keyring, 50, None, ascending=True)
        page = await read.list_messages(tx, tenant, first, Filters(thread=found.id))
    found.messages = page.data
    found.messages_next_page_token = page.next_page_token
    return found


@get("/threads/{thread_id:str}/messages", opt=needs("threads:read"), tags=["threads"], summary="List a thread's mail")
async def list_thread_messages(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    thread_id: FromPath[str],
) -> Page[Message]:
    """Newest first; `ascending=true` reads it as it was written."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        found = await threads.find(tx, tenant, ids.decode("thr", thread_id))
        return await read.list_messages(tx, tenant, listing, Filters(thread=found.id))


@delete(
    "/threads/{thread_id:str}", opt=needs("threads:write"), tags=["threads"], summary="Delete a thread", status_code=204
)
async def delete_thread(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], thread_id: FromPath[str]
) -> None:
    """With all its messages. 409 while one of them is on its way out."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await deleting.delete_thread(tx, tenant, ids.decode("thr", thread_id))


@post(
    "/threads/{thread_id:str}/labels",
    opt=needs("threads:write"),
    dto=StrictBody[ChangeLabels],
    tags=["threads"],
    summary="Add labels to a thread",
    status_code=200,
)
async def add_thread_labels(
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    thread_id: FromPath[str],
    data: JSONBody[ChangeLabels] = NO_LABELS,
    labels: Labels = None,
) -> Response[Thread]:
    """To every message that the thread has now. A thread's labels are those of its messages."""
    added = [*data.labels, *split_labels(labels)]
    return await effect(lambda tx: label_rules.change_thread(tx, tenant, ids.decode("thr", thread_id), added, []))


@delete(
    "/threads/{thread_id:str}/labels",
    opt=needs("threads:write"),
    dto=StrictBody[ChangeLabels],
    tags=["threads"],
    summary="Remove labels from a thread",
    status_code=200,
)
async def remove_thread_labels(
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    thread_id: FromPath[str],
    data: JSONBody[ChangeLabels] = NO_LABELS,
    labels: Labels = None,
) -> Response[Thread]:
    """From every message of it. Removing `unread` marks the whole thread read."""
    removed = [*data.labels, *split_labels(labels)]
    return await effect(lambda tx: label_rules.change_thread(tx, tenant, ids.decode("thr", thread_id), [], removed))


ROUTES = [
    list_inbox_threads,
    list_threads,
    get_thread,
    list_thread_messages,
    delete_thread,
    add_thread_labels,
    remove_thread_labels,
]
