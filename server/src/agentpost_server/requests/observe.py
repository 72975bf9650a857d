"""What happens after a request's last byte: a note in the request log, a count, a metric, a line in the server's
log."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Histogram

from agentpost_server.core import ids
from agentpost_server.core.times import now
from agentpost_server.requests.record import Entry, RequestLog
from agentpost_server.web.context import Context, shown_path

DURATION = Histogram(
    "agentpost_http_request_seconds",
    "Time from the first byte of a request to the last of its answer",
    ["method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_METHODS = frozenset(("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"))
log = structlog.get_logger("http")


def observer(requests: RequestLog, count: Callable[[UUID, str, int], None]) -> Callable[[Any, Context, float], None]:
    def observe(scope: Any, context: Context, seconds: float) -> None:
        if scope["type"] != "http":
            return
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        DURATION.labels(method, f"{context.status // 100}xx").observe(seconds)
        if context.caller is not None:
            count(context.caller.organization_id, "api_calls", 1)
            requests.note(_entry(scope, context, seconds))
        log.debug(
            "request",
            method=method,
            path=shown_path(scope)[:200],
            status=context.status,
            ms=round(seconds * 1000, 1),
            request_id=context.request_id,
        )

    return observe


def _entry(scope: Any, context: Context, seconds: float) -> Entry:
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
    return Entry(
        organization_id=context.caller.organization_id,
        id=ids.new_id(),
        at=now(),
        method=scope["method"],
        path=_storable(shown_path(scope)),
        status=context.status,
        duration_ms=round(seconds * 1000),
        key_id=context.caller.key_id,
        environment_id=context.environment_id,
        ip=context.client_ip,
        user_agent=_storable(agent.decode("latin-1")),
    )


def _storable(text: str) -> str:
    return text[:500].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
