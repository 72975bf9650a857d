"""The REST door of the log. Scopes stand here as plain words: `accounts`, which names them, stands above the log."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.events import read
from agentpost_server.events.model import Event, event_of
from agentpost_server.runtime import Runtime
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page

After = Annotated[str | None, QueryParameter(max_length=100, description="The id of the last event that you have.")]
Types = Annotated[
    list[str] | None,
    QueryParameter(max_items=64, description="Only these types: repeated, or separated by commas."),
]
InboxId = Annotated[str | None, QueryParameter(max_length=100, description="Only events about this inbox.")]
_READ = {"scope": "events:read"}


@get("/events", opt=_READ, tags=["events"], summary="Read the event log")
async def list_events(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    listing: NamedDependency[ListQuery],
    after: After = None,
    types: Types = None,
    inbox_id: InboxId = None,
) -> Page[Event]:
    """Always in log order, oldest first, in which nothing is ever skipped: go on later with the last id as `after`.

    An `after` that is unknown, another's or no longer kept is 410 `event_expired`, with the oldest id in `errors`.
    """
    wanted = read.check_types(types or [])
    inbox = None if inbox_id is None else ids.decode("inb", inbox_id)
    page = listing.open("events", tenant.organization_id, tenant.environment_id, after, wanted, inbox)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        position: int = 0
        if page.after:
            position = page.after[0]
        elif after is not None:
            seen = read.selection_of(tenant)
            position = await read.position_of(tx, seen, after, keep_days=runtime.settings.event_days)
        chosen = read.selection_of(tenant, inbox_id=inbox, types=wanted)
        rows = await read.rows_after(tx, chosen, position, limit=page.limit + 1)
    return page.of(rows, lambda row: [row["position"]], event_of)


@get("/events/{event_id:str}", opt=_READ, tags=["events"], summary="Get an event")
async def get_event(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], event_id: FromPath[str]
) -> Event:
    """The envelope, as webhooks and streams carry it."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await read.find(tx, tenant, event_id)


ROUTES = [list_events, get_event]
