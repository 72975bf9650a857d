"""What handlers get injected: the Caller (authenticated and authorised by the guard), its Scope, and its Effect."""

from typing import Any
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from agentpost_server.accounts.authenticate import Authenticator, Caller
from agentpost_server.accounts.scopes import PUBLIC
from agentpost_server.core.errors import BadRequest, NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.runtime import Runtime
from agentpost_server.web.context import context_of
from agentpost_server.web.idempotency import Effect, check_key, fingerprint


async def authorise(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of every route: finds the caller and demands the route's scope. A route without one serves nobody."""
    if isinstance(handler, HTTPRouteHandler) and handler.http_methods == {"OPTIONS"}:
        return  # the framework's own answer, which names the path's methods and nothing else; no CORS header ever
    wanted = handler.opt["scope"]
    if wanted == PUBLIC:
        return
    authenticator: Authenticator = connection.app.state.authenticator
    caller = await authenticator.caller(_bearer(connection))
    context_of(connection.scope).caller = caller
    caller.demand(wanted)
    await connection.app.state.limiter.admit(caller.organization_id, connection.scope)


def _bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    given = connection.headers.getall("authorization", [])
    if len(given) > 1:
        raise BadRequest("Authorization is sent twice.", code="bad_request", fix="Send it once.")
    return given[0] if given else None


def provide_runtime(request: Request[Any, Any, Any]) -> Runtime:
    return request.app.state.runtime


def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    return context_of(request.scope).caller


async def provide_tenant(request: Request[Any, Any, Any], caller: NamedDependency[Caller]) -> Scope:
    scope = await _enter(request, caller)
    context_of(request.scope).environment_id = scope.environment_id
    return scope


async def _enter(request: Request[Any, Any, Any], caller: Caller) -> Scope:
    """An environment that the remembered caller does not know is looked up once: it may have just been made."""
    named = request.headers.get("agentpost-environment")
    try:
        return caller.enter(named)
    except NotFound:
        authenticator: Authenticator = request.app.state.authenticator
        return (await authenticator.caller_anew(caller)).enter(named)


async def provide_effect(request: Request[Any, Any, Any], caller: NamedDependency[Caller]) -> Effect:
    """Reads the body (it is cached for the handler) only when there is a key to fingerprint it for."""
    runtime: Runtime = request.app.state.runtime
    key = check_key(request.headers.get("idempotency-key"))
    print_ = b""
    if key is not None:
        environment_id = await _environment_id(request, caller)
        path = request.scope["path"] + "?" + request.scope["query_string"].decode("latin-1")
        print_ = fingerprint(request.method, path, environment_id, await request.body(), caller.restrictions())
    return Effect(
        transaction=runtime.database.transaction, organization_id=caller.organization_id, key=key, fingerprint=print_
    )


async def _environment_id(request: Request[Any, Any, Any], caller: Caller) -> UUID | None:
    """None where the organization's own things need no environment; who needs one refuses for itself."""
    try:
        return (await _enter(request, caller)).environment_id
    except (BadRequest, NotFound):
        return None
