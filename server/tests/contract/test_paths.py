"""Every path of SPEC 21 is either served under that name or listed here as later work, with nothing in between."""

import re

from agentpost_server.app import API_ROUTES, ROOT_ROUTES, openapi_document

_SERVED = """
GET POST /inboxes | GET PATCH DELETE /inboxes/{} | POST /inboxes/{}/pause | POST /inboxes/{}/resume
GET POST /inboxes/{}/messages | GET /messages | GET DELETE /messages/{} | GET /messages/{}/raw | GET /messages/{}/events
POST /messages/{}/reply | POST /messages/{}/reply-all | POST /messages/{}/forward | POST /messages/{}/cancel
POST /messages/{}/reschedule | POST DELETE /messages/{}/labels | GET /labels | POST /messages/batch-get
POST /messages/batch-labels | GET /inboxes/{}/threads | GET /threads | GET DELETE /threads/{} | GET /threads/{}/messages
POST DELETE /threads/{}/labels | POST /attachments/upload-url | GET /attachments/{} | GET /attachments/{}/text
GET POST /suppressions
GET DELETE /suppressions/{} | GET POST /webhooks | GET PATCH DELETE /webhooks/{} | POST /webhooks/{}/rotate-secret
POST /webhooks/{}/test | POST /webhooks/{}/replay | GET /webhooks/{}/deliveries | GET /deliveries/{}
POST /deliveries/{}/redeliver | GET /events | GET /events/{} | GET /events/stream | POST /ws/tickets | GET /search
GET /usage | GET POST /environments | GET PATCH DELETE /environments/{} | GET POST /api-keys
GET PATCH DELETE /api-keys/{} | POST /api-keys/{}/rotate | GET /auth/me | GET /org/audit-log | GET /requests
GET /sandbox/outbox | GET /openapi.json | GET POST /domains | GET PATCH DELETE /domains/{} | POST /domains/{}/verify
POST /domains/{}/rotate-dkim | GET /domains/{}/zone-file | POST /inbound/ses/{} | POST /inbound/sendgrid/{}
POST /inbound/postmark/{} | POST /inbound/mailgun/{} | GET /inboxes/{}/deliverability | GET /metrics/deliverability
GET /domains/{}/reports | GET /domains/{}/reports/summary | GET POST /policies | GET PATCH DELETE /policies/{}
GET POST /filter-rules | GET PATCH DELETE /filter-rules/{} | POST /filter-rules/test | GET /messages/{}/codes
GET POST /inboxes/{}/drafts | GET PATCH DELETE /drafts/{} | GET /drafts/{}/revisions | POST /drafts/{}/send
GET /threads/{}/context
POST /inboxes/{}/messages/preflight
POST /messages/{}/approve | POST /messages/{}/reject | GET /messages/{}/revisions
POST /sandbox/deliver | GET POST /sandbox/clock | GET POST /sandbox/personas
POST /inboxes/{}/waits | GET DELETE /waits/{}
POST /inboxes/{}/messages/claim | POST /leases/{}/ack | POST /leases/{}/extend | POST /leases/{}/release
"""
_LATER = """
GET /metrics/events | GET PATCH DELETE /org | GET /org/members
PATCH DELETE /org/members/{} | GET POST /org/invitations | DELETE /org/invitations/{}
POST /org/invitations/accept | POST /org/transfer
POST /auth/setup | POST /auth/sign-up | POST /auth/switch | POST /auth/login | POST /auth/refresh | POST /auth/logout
POST /auth/password-reset | POST /auth/password-reset/confirm | POST /auth/verify-email | POST DELETE /auth/totp
POST /auth/totp/confirm | GET /auth/sessions | DELETE /auth/sessions/{} | GET POST /exports | GET /exports/{}
"""


def _operations(text: str) -> set[tuple[str, str]]:
    return {
        (method, path)
        for one in re.split(r"[|\n]", text)
        if one.strip()
        for *methods, path in [one.split()]
        for method in methods
    }


def _document() -> set[tuple[str, str]]:
    paths = openapi_document()["paths"]
    return {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path.removeprefix("/api/v1")))
        for path, methods in paths.items()
        for method in methods
    }


def test_every_path_is_served_under_its_name_and_documented() -> None:
    assert _operations(_SERVED) - _document() == set()


def test_what_is_later_is_not_half_there() -> None:
    assert _operations(_LATER) & _document() == set()


def test_there_is_no_path_beside_the_specification() -> None:
    assert _document() - _operations(_SERVED) == set()


def test_the_doors_outside_of_the_api_stand_where_they_are_promised() -> None:
    doors = {path for route in ROOT_ROUTES for path in route.paths}
    assert doors >= {"/ws", "/docs", "/files/{token:str}", "/u/{token:str}", "/o/{token:str}", "/approve/{token:str}"}
    assert {path for route in API_ROUTES for path in route.paths} >= {"/openapi.json", "/events/stream"}
