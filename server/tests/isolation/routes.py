"""Every route of the API with a request that its shape allows: what the walks go along."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx2 as httpx

from agentpost_server.app import openapi_document
from isolation.world import Ids


class Route(NamedTuple):
    method: str
    path: str
    scope: str
    body: Any
    query: dict[str, str]

    def at(self, ids: Ids) -> str:
        return self.path.removeprefix("/api/v1").format(**ids)

    def ids(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


def _routes() -> Iterator[Route]:
    for path, methods in openapi_document()["paths"].items():
        for method, one in methods.items():
            body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            needed = [p for p in one["parameters"] if p.get("in") == "query" and p.get("required")]
            yield Route(method.upper(), path, one["x-agentpost-scope"], body, {p["name"]: "walk" for p in needed})


ROUTES = list(_routes())
GUARDED = [route for route in ROUTES if route.scope != "public"]
NAMING = [route for route in GUARDED if route.ids()]
# A body that the shape allows, where the example names things that no tenant has.
BODIES: dict[str, Any] = {
    "/api/v1/inboxes/{inbox_id}/messages": {"to": ["a@example.com"], "subject": "s", "text_body": "t"},
    "/api/v1/inboxes/{inbox_id}/messages/preflight": {"to": ["a@example.com"], "subject": "s"},
    "/api/v1/inboxes/{inbox_id}/messages/claim": {"limit": 1},
    "/api/v1/leases/{lease_id}/ack": {"labels": ["walked"]},
    "/api/v1/leases/{lease_id}/extend": {"lease_seconds": 3600},
    "/api/v1/inboxes/{inbox_id}/waits": {"from": "a@example.com", "subject": "s"},
    "/api/v1/messages/{message_id}/reply": {"text_body": "t"},
    "/api/v1/messages/{message_id}/reply-all": {"text_body": "t"},
    "/api/v1/messages/{message_id}/forward": {"to": ["a@example.com"]},
    "/api/v1/messages/{message_id}/reschedule": {"send_at": "2027-01-01T00:00:00Z"},
    "/api/v1/messages/{message_id}/approve": {"revision": 1},
    "/api/v1/messages/{message_id}/labels": {"labels": ["walked"]},
    "/api/v1/threads/{thread_id}/labels": {"labels": ["walked"]},
    "/api/v1/webhooks/{webhook_id}": {"description": "walked"},
    "/api/v1/webhooks/{webhook_id}/test": {"event_type": "message.received"},
    "/api/v1/webhooks/{webhook_id}/replay": {"since": "2026-01-01T00:00:00Z"},
    "/api/v1/environments/{environment_id}": {"name": "walked"},
    "/api/v1/inboxes/{inbox_id}/drafts": {"subject": "walked"},
    "/api/v1/drafts/{draft_id}": {"subject": "walked"},
    "/api/v1/drafts/{draft_id}/send": {},
}


async def call(http: httpx.AsyncClient, route: Route, path: str) -> httpx.Response:
    body = BODIES.get(route.path, route.body) if route.body is not None else None
    stream = route.path.endswith("/stream")
    return await http.request(route.method, path, json=body, params=route.query, timeout=0.5 if stream else 30)
