"""`/mcp`: who may come in, with which tools; behind it the protocol's own library speaks to both eras of clients."""

import asyncio
import json
from typing import Any, Final
from urllib.parse import parse_qs

import httpx2
from litestar import asgi

from agentpost import AsyncAgentPost
from agentpost.tools import Tool, chosen
from agentpost_server.accounts import Caller, needs
from agentpost_server.accounts.scopes import PUBLIC, allows
from agentpost_server.core.errors import BadRequest, Forbidden, Problem, Unauthenticated
from agentpost_server.mcp.origin import is_foreign
from agentpost_server.mcp.visit import KEY, Visit
from agentpost_server.runtime import Runtime
from agentpost_server.web.context import context_of
from agentpost_server.web.edge import AsgiApp
from agentpost_server.web.problem import answer

_MOST_OCTETS: Final = 1024 * 1024


class McpDoor:
    """The service behind the route: one protocol server a process, no state between requests.

    The protocol's library is loaded by the first request: it costs half a second and 25 MiB, and many servers have no
    model among their clients.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._application: AsgiApp | None = None
        self._manager: Any = None
        self._opening = asyncio.Lock()
        self._over = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def serve(self, application: AsgiApp) -> None:
        """Where the tools' calls go: this process's own HTTP application."""
        self._application = application

    async def start(self) -> None:
        """Nothing yet."""

    async def _open(self) -> Any:
        async with self._opening:
            if self._manager is None:
                manager = await asyncio.to_thread(_make_manager)
                ready = asyncio.Event()
                self._running = asyncio.create_task(self._run(manager, ready))
                await ready.wait()
                self._manager = manager
        return self._manager

    async def close(self, grace_seconds: float = 10) -> None:
        self._over.set()
        if self._running is not None:
            await asyncio.wait([self._running], timeout=grace_seconds)

    async def _run(self, manager: Any, ready: asyncio.Event) -> None:
        """The library's task group must be opened and closed by one task."""
        async with manager.run():
            ready.set()
            await self._over.wait()

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        scope[KEY] = await self._admit(scope)
        manager = self._manager or await self._open()
        await manager.handle_request(scope, await _one_call(receive), send)

    async def _admit(self, scope: Any) -> Visit:
        if foreign := is_foreign(scope["headers"], self._runtime.public_url):
            raise Forbidden(foreign, fix="Use the address in AGENTPOST_PUBLIC_URL.")
        authorization = dict(scope["headers"]).get(b"authorization")
        if authorization is None:
            raise Unauthenticated(
                "This path needs an API key.",
                fix="Send Authorization: Bearer ap_sk_…",
                headers={"WWW-Authenticate": 'Bearer realm="AgentPost"'},
            )
        key = authorization.decode("latin-1")
        state = scope["litestar_app"].state
        caller: Caller = await state.authenticator.caller(key)
        context_of(scope).caller = caller
        await state.limiter.admit(caller.organization_id, scope)
        environment = dict(scope["headers"]).get(b"agentpost-environment")
        assert self._application is not None
        # The request log is to show where the model sits, not that we called ourselves.
        inside = httpx2.ASGITransport(app=self._application, client=(context_of(scope).client_ip, 0))
        client = AsyncAgentPost(
            key.partition(" ")[2],
            base_url="http://inside",
            environment=environment.decode("latin-1") if environment else None,
            retries=0,
            http_client=httpx2.AsyncClient(transport=inside, trust_env=False),
        )
        return Visit(client, _tools(scope["query_string"], caller))


def _tools(query: bytes, caller: Caller) -> list[Tool]:
    """Those that the address asks for, as far as the key may use them. Raises BadRequest."""
    asked = parse_qs(query.decode("latin-1"), max_num_fields=20)
    unknown = sorted(asked.keys() - {"profile", "tools", "read_only"})
    if unknown:
        raise _odd(f"/mcp takes no {', '.join(unknown)}")
    try:
        tools = chosen(
            profile=asked.get("profile", ["default"])[-1],
            names=asked["tools"][-1].split(",") if "tools" in asked else None,
            read_only=asked.get("read_only", ["false"])[-1] in ("1", "true"),
        )
    except ValueError as wrong:
        raise _odd(str(wrong)) from wrong
    limited = bool(caller.inbox_ids)
    return [one for one in tools if all(allows(caller.scopes, each, inbox_limited=limited) for each in one.scopes)]


def _odd(detail: str) -> BadRequest:
    return BadRequest(f"{detail}.", fix="Use ?profile=full, ?tools=list_threads,reply or ?read_only=true.")


def _make_manager() -> Any:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager  # noqa: PLC0415 - see McpDoor

    from agentpost_server.mcp.protocol import make_server  # noqa: PLC0415 - see McpDoor

    return StreamableHTTPSessionManager(make_server(), stateless=True, max_request_body_size=_MOST_OCTETS)


async def _one_call(receive: Any) -> Any:
    """The body, read whole and handed on. Raises BadRequest for a call whose id is null: who asks must be answered, and
    the older era's library takes it for a notification."""
    messages: list[Any] = []
    octets = 0
    while octets <= _MOST_OCTETS:
        messages.append(await receive())
        octets += len(messages[-1].get("body", b""))
        if not messages[-1].get("more_body"):
            break
    body = b"".join(one.get("body", b"") for one in messages)
    if octets <= _MOST_OCTETS and b"null" in body and _asks_without_id(body):
        raise BadRequest("The id of a call is null.", fix="Give each call an id of its own.")

    async def again() -> Any:
        return messages.pop(0) if messages else await receive()

    return again


def _asks_without_id(body: bytes) -> bool:
    try:
        call: Any = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(call, dict) and "id" in call and call["id"] is None


@asgi("/mcp", opt=needs(PUBLIC), copy_scope=False)
async def model_context(scope: Any, receive: Any, send: Any) -> None:
    """The Model Context Protocol. Public to the guard, because its own admission also looks at Origin and Host."""
    if scope["type"] != "http":
        return
    door: McpDoor = scope["litestar_app"].state.mcp
    try:
        await door.handle(scope, receive, send)
    except Problem as problem:
        await _refuse(scope, send, problem)


async def _refuse(scope: Any, send: Any, problem: Problem) -> None:
    answered = answer(scope, problem)
    body = {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32600, "message": problem.detail, "data": {"code": problem.code, "fix": problem.fix}},
    }
    headers = [(name.lower().encode(), value.encode()) for name, value in answered.headers.items()]
    headers.append((b"content-type", b"application/json"))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


ROOT_ROUTES: list[Any] = [model_context]
