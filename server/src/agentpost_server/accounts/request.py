"""What handlers get injected: the Caller (authenticated and authorised by the guard), its Scope, and its Effect."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from agentpost_server.accounts.authenticate import Authenticator, Caller
from agentpost_server.accounts.scopes import PUBLIC
from agentpost_server.core.errors import BadRequest
from agentpost_server.core.scope import Scope
from agentpost_server.runtime import Runtime
from agentpost_server.web.context import context_of
from agentpost_server.web.idempotency import Effect, check_key, fingerprint


async def authorise(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of every route: finds the caller and demands the route's scope. A route without one serves nobody."""
    wanted = handler.opt["scope"]
    if wanted == PUBLIC:
        return
    authenticator: Authenticator = connection.app.state.authenticator
    caller = await authenticator.caller(_bearer(connection))
    context_of(connection.scope).caller = caller
    caller.demand(wanted)
    connection.app.state.limiter.admit(caller.organization_id, connection.scope)


def _bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    given = connection.headers.getall("authorization", [])
    if len(given) > 1:
        raise BadRequest("Authorization is sent twice.", code="bad_request", fix="Send it once.")
    return given[0] if given else None


def provide_runtime(request: Request[Any, Any, Any]) -> Runtime:
    return request.app.state.runtime


def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    return context_of(request.scope).caller


def provide_tenant(request: Request[Any, Any, Any], caller: NamedDependency[Caller]) -> Scope:
    scope = caller.enter(request.headers.get("agentpost-environment"))
    context_of(request.scope).environment_id = scope.environment_id
    return scope


async def provide_effect(request: Request[Any, Any, Any], caller: NamedDependency[Caller]) -> Effect:
    """Reads the body (it is cached for the handler) only when there is a key to fingerprint it for."""
    runtime: Runtime = request.app.state.runtime
    key = check_key(request.headers.get("idempotency-key"))
    print_ = b""
    if key is not None:
        environment = request.headers.get("agentpost-environment")
        environment_id = caller.enter(environment).environment_id if len(caller.environments) else None
        path = request.scope["path"] + "?" + request.scope["query_string"].decode("latin-1")
        print_ = fingerprint(request.method, path, environment_id, await request.body(), caller.restrictions())
    return Effect(
        transaction=runtime.database.transaction, organization_id=caller.organization_id, key=key, fingerprint=print_
    )
