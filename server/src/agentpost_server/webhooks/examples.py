"""Data of each type of event as a receiver will see it (SPEC 22), for test deliveries, which `test: true` marks, and
for docs/reference/events.md. A test holds the fields against events that the server writes.
"""

from typing import Any, Final

_ULID: Final = "01JQ8XK3B2M4N6P8R0S2T4V6W8"
_AT: Final = "2026-03-01T12:00:00.000Z"
_INBOX: Final = {"inbox_id": f"inb_{_ULID}"}
_NAMES: Final = {"message_id": f"msg_{_ULID}", "thread_id": f"thr_{_ULID}", **_INBOX}
_ACTOR: Final = {"type": "key", "id": f"key_{_ULID}", "name": "triage agent"}
_DRAFT: Final = {"draft_id": f"drf_{_ULID}", **_INBOX, "revision": 1}
_DOMAIN: Final = {"domain_id": f"dom_{_ULID}", "domain": "mail.example.com", "failure": None}
_CHECKED: Final = {
    "spf": "pass",
    "dkim": "pass",
    "dmarc": "pass",
    "arc": "none",
    "aligned_domain": "example.com",
    "checked_by": "agentpost",
    "author_domain": "example.com",
    "dkim_domain": "example.com",
    "policy": "reject",
    "arc_sealer": None,
}
_THEIRS: Final[dict[str, Any]] = {"direction": "inbound", "trust": "verified", "authentication": _CHECKED, "flags": []}
_OURS: Final[dict[str, Any]] = {"direction": "outbound", "trust": "internal", "authentication": None, "flags": []}
_NAMED_INBOX: Final = {**_INBOX, "email": "support@example.com"}
_RECEIVED: Final[dict[str, Any]] = {
    **_NAMES,
    **_THEIRS,
    "from_address": "ann@example.com",
    "to_addresses": ["support@example.com"],
    "cc_addresses": [],
    "subject": "Your order 1042",
    "preview": "Hello, where is my parcel?",
    "extracted_text": "Hello,\nwhere is my parcel?",
    "has_attachments": False,
    "labels": ["received", "unread"],
    "received_at": _AT,
    "screening_score": None,
    "truncated": False,
}


def _outbound(status: str) -> dict[str, Any]:
    return {
        **_NAMES,
        "direction": "outbound",
        "from_address": "support@example.com",
        "to_addresses": ["ann@example.com"],
        "subject": "Re: Your order 1042",
        "recipients": ["ann@example.com"],
        "status": status,
        "send_at": _AT if status == "scheduled" else None,
        "transport": None if status in ("queued", "scheduled") else "smtp",
        "detail": None,
    }


_DATA: Final[dict[str, dict[str, Any]]] = {
    "message.received": _RECEIVED,
    "message.blocked": {**_RECEIVED, "rule_id": f"rul_{_ULID}"},
    "message.held": {
        **_NAMES,
        **_OURS,
        "status": "pending_approval",
        "reason": "approval",
        "policy_id": f"pol_{_ULID}",
        "approve_by": _AT,
    },
    "message.approved": {**_NAMES, "direction": "outbound", "decided_by": _ACTOR, "revision": 1},
    "message.cancelled": {**_NAMES, "decided_by": _ACTOR},
    "message.rejected": {
        **_NAMES,
        "reason": "suppressed",
        "decided_by": None,
        "detail": "The address is on the provider's own suppression list.",
    },
    "message.bounced": {
        **_NAMES,
        "bounce_type": "permanent",
        "bounced_recipients": [{"email_address": "ann@example.com", "code": "5.1.1", "detail": "no such user"}],
    },
    "message.complained": {**_NAMES, "complained_recipients": ["ann@example.com"], "feedback_type": "abuse"},
    "message.opened": {**_NAMES, "first_at": _AT},
    "message.deleted": _NAMES,
    "message.labels_changed": {**_NAMES, "added": ["done"], "removed": ["unread"]},
    "thread.created": {"thread_id": f"thr_{_ULID}", **_INBOX, "subject": "Your order 1042", **_THEIRS},
    "inbox.created": _NAMED_INBOX,
    "inbox.deleted": _NAMED_INBOX,
    "inbox.paused": {**_NAMED_INBOX, "reason": "bounce_rate", "bounce_rate": 6.4, "complaint_rate": 0.0},
    "inbox.resumed": {**_NAMED_INBOX, "reason": "manual", "bounce_rate": None, "complaint_rate": None},
    "draft.created": {**_DRAFT, "status": "open", "failure": None},
    "draft.updated": {**_DRAFT, "status": "open", "failure": None},
    "draft.deleted": _DRAFT,
    "draft.sent": {**_DRAFT, "message_id": f"msg_{_ULID}"},
    "loop.detected": {
        **_INBOX,
        "thread_id": f"thr_{_ULID}",
        "message_id": f"msg_{_ULID}",
        "kind": "rate",
        "count": 10,
    },
    "domain.verified": _DOMAIN,
    "domain.failed": {**_DOMAIN, "failure": "The DKIM record is not published."},
    "webhook.disabled": {"webhook_id": f"whk_{_ULID}", "url": "https://example.com/hook", "reason": "failures"},
    "webhook.test": {"message": "If you can read this and the signature is right, this endpoint works."},
    "limit.reached": {"counter": "bounce_rate", "current": 6.4, "limit": 5.0, "hard": False, **_INBOX},
    **{f"message.{one}": _outbound(one) for one in "queued scheduled sent delivered deferred unknown failed".split()},
}


def example_data(event_type: str) -> dict[str, Any]:
    return {**_DATA[event_type], "test": True}
