"""The REST door of messages: lists and filters, one message, labels, search."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from agentpost_server.accounts import needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.messages import delete as deleting
from agentpost_server.messages import labels as label_rules
from agentpost_server.messages import read, searching
from agentpost_server.messages.listing import Filters
from agentpost_server.messages.markdown import with_markdown
from agentpost_server.messages.model import (
    BatchGet,
    BatchLabels,
    ChangeLabels,
    Label,
    Message,
    SearchResult,
)
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page

Labels = Annotated[
    list[str] | None, QueryParameter(max_items=64, description="All of these: repeated, or separated by commas.")
]
From = Annotated[str | None, QueryParameter(name="from", max_length=320, description="The author's address.")]
To = Annotated[str | None, QueryParameter(max_length=320, description="An address in to, cc or our own bcc.")]
Subject = Annotated[
    str | None, QueryParameter(max_length=500, description="Words of the subject; the last may be a beginning.")
]
Direction = Annotated[Literal["inbound", "outbound"] | None, QueryParameter(description="Received or sent.")]
Status = Annotated[
    Literal[
        "scheduled", "pending_approval", "queued", "sending", "sent", "delivered", "bounced", "complained", "rejected",
        "failed", "unknown", "cancelled", "received", "held",
    ]
    | None,
    QueryParameter(description="The message's status."),
]  # fmt: skip
Before = Annotated[datetime | None, QueryParameter(description="Only messages that are older than this moment.")]
After = Annotated[datetime | None, QueryParameter(description="Only messages of this moment or later.")]
HasAttachments = Annotated[bool | None, QueryParameter(description="With files, or without any.")]
ThreadId = Annotated[str | None, QueryParameter(max_length=64, description="Only messages of this thread.")]
InboxId = Annotated[str | None, QueryParameter(max_length=64, description="Only messages of this inbox.")]
Q = Annotated[
    str,
    QueryParameter(
        min_length=1,
        max_length=500,
        description='Words; `"a phrase"`, `or`, `-not`, `begin*`; the last is a beginning.',
    ),
]
# A body may be left out: then the labels stand in the query.
NO_LABELS = ChangeLabels()


def split_labels(given: list[str] | None) -> tuple[str, ...]:
    """`?labels=a,b` and `?labels=a&labels=b` are the same."""
    return tuple(label for one in given or [] for label in one.split(",") if label)


@get("/inboxes/{inbox_id:str}/messages", opt=needs("messages:read"), tags=["messages"], summary="List an inbox's mail")
async def list_inbox_messages(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    inbox_id: FromPath[str],
    labels: Labels = None,
    sender: From = None,
    to: To = None,
    subject: Subject = None,
    direction: Direction = None,
    status: Status = None,
    before: Before = None,
    after: After = None,
    has_attachments: HasAttachments = None,
    thread: ThreadId = None,
) -> Page[Message]:
    """Newest first. Filters are joined by AND, and every one is served by an index."""
    filters = Filters(
        inbox_id=inbox_id,
        labels=split_labels(labels),
        sender=sender,
        to=to,
        subject=subject,
        direction=direction,
        status=status,
        before=before,
        after=after,
        has_attachments=has_attachments,
        thread=thread,
    )
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await read.list_messages(tx, tenant, listing, filters)


@get("/messages", opt=needs("messages:read"), tags=["messages"], summary="List the environment's mail")
async def list_messages(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    labels: Labels = None,
    sender: From = None,
    to: To = None,
    subject: Subject = None,
    direction: Direction = None,
    status: Status = None,
    before: Before = None,
    after: After = None,
    has_attachments: HasAttachments = None,
    thread: ThreadId = None,
) -> Page[Message]:
    """The mail of all inboxes that the key may use, newest first, with the filters of an inbox's list."""
    filters = Filters(
        labels=split_labels(labels),
        sender=sender,
        to=to,
        subject=subject,
        direction=direction,
        status=status,
        before=before,
        after=after,
        has_attachments=has_attachments,
        thread=thread,
    )
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await read.list_messages(tx, tenant, listing, filters)


@get("/messages/{message_id:str}", opt=needs("messages:read"), tags=["messages"], summary="Get a message")
async def get_message(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], message_id: FromPath[str]
) -> Message:
    """With its texts and headers. `extracted_text` is what is new in it, without quoted history and signature;
    `markdown_body` is what a person sees, for a model: nothing hidden, no pictures to fetch."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        found = await read.get(tx, tenant, ids.decode("msg", message_id))
    return await with_markdown(found)


@delete(
    "/messages/{message_id:str}",
    opt=needs("messages:write"),
    tags=["messages"],
    summary="Delete a message",
    status_code=204,
)
async def delete_message(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], message_id: FromPath[str]
) -> None:
    """With its bytes and files; a thread without messages goes too. 409 while the message is on its way out."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await deleting.delete_message(tx, tenant, ids.decode("msg", message_id))


@post(
    "/messages/{message_id:str}/labels",
    opt=needs("messages:write"),
    dto=StrictBody[ChangeLabels],
    tags=["labels"],
    summary="Add labels to a message",
    status_code=200,
)
async def add_message_labels(
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    message_id: FromPath[str],
    data: JSONBody[ChangeLabels] = NO_LABELS,
    labels: Labels = None,
) -> Response[Message]:
    """In the body or as `?labels=a,b`. What stands already stays."""
    added = [*data.labels, *split_labels(labels)]
    return await effect(lambda tx: label_rules.change_one(tx, tenant, ids.decode("msg", message_id), add=added))


@delete(
    "/messages/{message_id:str}/labels",
    opt=needs("messages:write"),
    dto=StrictBody[ChangeLabels],
    tags=["labels"],
    summary="Remove labels from a message",
    status_code=200,
)
async def remove_message_labels(
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    message_id: FromPath[str],
    data: JSONBody[ChangeLabels] = NO_LABELS,
    labels: Labels = None,
) -> Response[Message]:
    """In the body or as `?labels=a,b`. Removing `unread` marks it read; the server's other labels stay."""
    removed = [*data.labels, *split_labels(labels)]
    return await effect(lambda tx: label_rules.change_one(tx, tenant, ids.decode("msg", message_id), remove=removed))


@get("/labels", opt=needs("messages:read"), tags=["labels"], summary="List labels in use")
async def list_labels(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    inbox_id: InboxId = None,
) -> Page[Label]:
    """In alphabetical order, backwards unless `ascending=true`."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await label_rules.list_labels(tx, tenant, listing, inbox_id)


@post(
    "/messages/batch-get",
    opt=needs("messages:read"),
    dto=StrictBody[BatchGet],
    tags=["messages"],
    summary="Get several messages",
    status_code=200,
)
async def batch_get_messages(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], data: JSONBody[BatchGet]
) -> Page[Message]:
    """As list rows, in the order asked. What is not there is left out."""
    wanted = [found for one in data.ids if (found := ids.decode_or_none("msg", one)) is not None]
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return Page(data=await read.get_many(tx, tenant, wanted), next_page_token=None)


@post(
    "/messages/batch-labels",
    opt=needs("messages:write"),
    dto=StrictBody[BatchLabels],
    tags=["labels"],
    summary="Change the labels of several messages",
    status_code=200,
)
async def batch_label_messages(
    tenant: NamedDependency[Scope], effect: NamedDependency[Effect], data: JSONBody[BatchLabels]
) -> Response[Page[Message]]:
    """All of them or, when one is not there, none (404)."""
    wanted = [ids.decode("msg", one) for one in data.ids]
    return await effect(lambda tx: label_rules.change_page(tx, tenant, wanted, data.add, data.remove))


@get("/search", opt=needs("search:read"), tags=["search"], summary="Search mail")
async def search_messages(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    q: Q,
    inbox_id: InboxId = None,
    labels: Labels = None,
    before: Before = None,
    after: After = None,
) -> Page[SearchResult]:
    """In subjects, people and texts, newest first. `highlights` are HTML with `<mark>`, everything else escaped."""
    filters = Filters(inbox_id=inbox_id, labels=split_labels(labels), before=before, after=after)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await searching.search(tx, tenant, listing, q, filters)


ROUTES = [
    list_inbox_messages,
    list_messages,
    get_message,
    delete_message,
    add_message_labels,
    remove_message_labels,
    list_labels,
    batch_get_messages,
    batch_label_messages,
    search_messages,
]
