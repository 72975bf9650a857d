"""Who may open a live stream: a key in the Authorization header, or `?token=` with a key or a one-time ticket.

Cookies never count here, so a foreign page has nothing to ride on; what is refused is refused before the upgrade.
"""

from typing import Any
from urllib.parse import parse_qs

import msgspec

from agentpost_server.accounts import Caller
from agentpost_server.accounts.authenticate import Authenticator
from agentpost_server.core.errors import BadRequest, Forbidden, Problem, Unauthenticated
from agentpost_server.runtime import Runtime
from agentpost_server.streams.tickets import redeem
from agentpost_server.streams.watch import SCOPE
from agentpost_server.web.context import context_of
from agentpost_server.web.limiter import Limiter
from agentpost_server.web.problem import MEDIA_TYPE, answer


async def admit(scope: Any) -> tuple[Caller, str | None]:
    """The caller of a WebSocket, and the environment that its header names. Raises the Problem to `refuse` it with."""
    state = scope["litestar_app"].state
    runtime: Runtime = state.runtime
    authenticator: Authenticator = state.authenticator
    limiter: Limiter = state.limiter
    token = _token(scope)
    authorization = _header(scope, b"authorization")
    if authorization is not None:
        caller = await authenticator.caller(authorization)
    elif token is None:
        raise _nobody(scope)
    elif token.startswith("ap_sk_"):
        caller = await authenticator.caller_of_key(token)
    else:
        caller = await authenticator.caller_of_hash(*await redeem(runtime.database, token))
    context_of(scope).caller = caller
    caller.demand(SCOPE)
    await limiter.admit(caller.organization_id, scope)
    environment = _header(scope, b"agentpost-environment")
    if environment is not None:
        caller.enter(environment)
    return caller, environment


async def refuse(scope: Any, send: Any, problem: Problem) -> None:
    """The answer to a handshake that is not accepted (ASGI extension `websocket.http.response`)."""
    answered = answer(scope, problem)
    headers = {**answered.headers, "content-type": MEDIA_TYPE, "cache-control": "no-store"}
    headers["x-request-id"] = context_of(scope).request_id
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "websocket.http.response.start", "status": problem.status, "headers": encoded})
    await send({"type": "websocket.http.response.body", "body": msgspec.json.encode(answered.content)})


def _token(scope: Any) -> str | None:
    """Taken out of the scope, so that no log of the request line can hold it."""
    query = scope["query_string"]
    scope["query_string"] = b""
    given = parse_qs(query.decode("latin-1"), max_num_fields=20).get("token", []) if len(query) < 2000 else []
    if len(given) > 1:
        raise BadRequest("token is given twice.", code="bad_request", fix="Give it once.")
    return given[0] if given else None


def _header(scope: Any, wanted: bytes) -> str | None:
    found = [value for name, value in scope["headers"] if name == wanted]
    if len(found) > 1:
        raise BadRequest(f"{wanted.decode()} is sent twice.", code="bad_request", fix="Send it once.")
    return found[0].decode("latin-1") if found else None


def _nobody(scope: Any) -> Problem:
    if any(name in (b"cookie", b"origin") for name, _ in scope["headers"]):
        return Forbidden(
            "A page of a browser needs a ticket here; cookies are not looked at.",
            fix="Take a ticket with POST /ws/tickets and open /ws?token=<ticket>.",
        )
    return Unauthenticated(
        "This path needs an API key.",
        fix="Send Authorization: Bearer ap_sk_…, or open /ws?token=<ticket>.",
        headers={"WWW-Authenticate": 'Bearer realm="AgentPost"'},
    )
