"""The doors of the live streams."""

from collections.abc import Callable
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from agentpost_server.accounts import Caller, needs
from agentpost_server.runtime import Runtime
from agentpost_server.streams import sse, tickets
from agentpost_server.streams.hub import Hub
from agentpost_server.streams.model import Filter, Ticket
from agentpost_server.streams.socket import live_events
from agentpost_server.web.idempotency import Effect

After = Annotated[str | None, QueryParameter(max_length=100, description="Begin after this event, from the log.")]
EventTypes = Annotated[
    list[str] | None, QueryParameter(max_items=64, description="Only these types: repeated, or separated by commas.")
]
InboxId = Annotated[str | None, QueryParameter(max_length=100, description="Only events about this inbox.")]
EnvironmentIds = Annotated[
    list[str] | None,
    QueryParameter(max_items=100, description="Only these environments. None: the header's, else all of the key."),
]


@post("/ws/tickets", opt=needs("events:read"), tags=["events"], summary="Take a WebSocket ticket")
async def create_ticket(caller: NamedDependency[Caller], effect: NamedDependency[Effect]) -> Response[Ticket]:
    """For browsers: `/ws?token=<ticket>` lets one WebSocket in, once, within a minute."""
    return await effect(lambda tx: tickets.create(tx, caller), status=201)


@get(
    "/events/stream", opt=needs("events:read"), tags=["events"], summary="Stream events", media_type="text/event-stream"
)
async def stream_events(
    request: Request[Any, Any, Any],
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    after: After = None,
    event_types: EventTypes = None,
    inbox_id: InboxId = None,
    environment_ids: EnvironmentIds = None,
) -> Stream:
    """Server-sent events: `id` is the event's id, `data` its envelope. `Last-Event-ID` goes before `after`: with either
    one, first what came since, from the log. A comment every 15 seconds keeps the connection.
    """
    hub: Hub = request.app.state.hub
    given = Filter(event_types=event_types or [], inbox_id=inbox_id, environment_ids=environment_ids or [])
    feed = await sse.open_feed(
        runtime,
        hub,
        caller,
        given,
        after=request.headers.get("last-event-id") or after,
        environment=request.headers.get("agentpost-environment"),
    )
    end: Callable[[], None] = feed.end
    request.scope["agentpost.on_shutdown"] = end  # pyright: ignore[reportGeneralTypeIssues] not one of ASGI's own keys
    return Stream(sse.serve(runtime, hub, feed), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


ROUTES = [create_ticket, stream_events]
ROOT_ROUTES = [live_events]
