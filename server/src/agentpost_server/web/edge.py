"""The outermost ASGI layer: gives every request its context and every answer its headers, and tells who listens.

Pure ASGI and below the framework, so that 404s, problems of the guard and streams all pass through it.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from structlog.contextvars import bind_contextvars

from agentpost_server.web.context import Context, Network, begin

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]
Observer = Callable[[Any, Context, float], None]


class Edge:
    """`observe(scope, context, seconds)` is called once a request, after its last byte."""

    def __init__(self, app: AsgiApp, *, trusted: tuple[Network, ...], errors_url: str, observe: Observer) -> None:
        self._app = app
        self._trusted = trusted
        self._errors_url = errors_url
        self._observe = observe

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        context = begin(scope, self._trusted, self._errors_url)
        # Every log line of this request's task carries its id.
        bind_contextvars(request_id=context.request_id)

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                context.status = message["status"]
                message["headers"] = [*message["headers"], *_headers(scope, context, message["headers"])]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
        finally:
            self._observe(scope, context, time.monotonic() - context.started)


def _headers(scope: Any, context: Context, present: Any) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"x-request-id", context.request_id.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    ]
    if not any(name == b"cache-control" for name, _ in present):
        headers.append((b"cache-control", b"no-store"))
    headers += [(name.lower().encode(), value.encode()) for name, value in scope.get("agentpost.headers", {}).items()]
    return headers
