"""What each type of event tells, and the shape of its `data`. A test compares the shapes with events that the server
really writes."""

from typing import Any, Final

_M: Final = {
    "message_id": "msg_01JQ8XK3B2M4N6P8R0S2T4V6W8",
    "thread_id": "thr_01JQ8XK3B2M4N6P8R0S2T4V6W8",
    "inbox_id": "inb_01JQ8XK3B2M4N6P8R0S2T4V6W8",
}
_AUTHENTICATION: Final = {"spf": "none", "dkim": "none", "dmarc": "none", "arc": "none", "aligned_domain": None}
_RECEIVED: Final = {
    **_M,
    "direction": "inbound",
    "from_address": "ann@example.com",
    "to_addresses": ["support-a1b2c3@mail.example.com"],
    "cc_addresses": [],
    "subject": "Where is my parcel?",
    "preview": "It should have come on Monday.",
    "extracted_text": "It should have come on Monday.",
    "has_attachments": False,
    "labels": ["received", "unread"],
    "received_at": "2026-03-01T12:00:00.000Z",
    "authentication": _AUTHENTICATION,
    "trust": "unverified",
    "flags": [],
    "screening_score": None,
    "truncated": False,
}
_PERSON: Final = {"type": "user", "id": "usr_01JQ8XK3B2M4N6P8R0S2T4V6W8", "name": "Ann"}
_INBOX: Final = {"inbox_id": _M["inbox_id"], "email": "support-a1b2c3@mail.example.com"}
_DOMAIN: Final = {"domain_id": "dom_01JQ8XK3B2M4N6P8R0S2T4V6W8", "domain": "mail.example.com", "failure": None}
_DRAFT: Final = {"draft_id": "drf_01JQ8XK3B2M4N6P8R0S2T4V6W8", "inbox_id": _M["inbox_id"], "revision": 3}


def _outbound(status: str, **more: Any) -> dict[str, Any]:
    return {
        **_M,
        "direction": "outbound",
        "from_address": "support-a1b2c3@mail.example.com",
        "to_addresses": ["ann@example.com"],
        "subject": "Re: Where is my parcel?",
        "recipients": ["ann@example.com"],
        "status": status,
        "send_at": None,
        "transport": None,
        "detail": None,
        **more,
    }


SHAPES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "message.received": (
        "A mail arrived and stands in its thread. `extracted_text` holds its new words without quotes and signature. "
        "Blocked and held mail never raises this event.",
        _RECEIVED,
    ),
    "message.blocked": (
        "A filter rule kept a mail from the inbox.",
        {**_RECEIVED, "labels": ["received", "unread", "blocked"], "rule_id": "rul_01JQ8XK3B2M4N6P8R0S2T4V6W8"},
    ),
    "message.held": (
        "A message waits for a decision.",
        {
            **_M,
            "direction": "outbound",
            "status": "pending_approval",
            "reason": "approval",
            "policy_id": "pol_01JQ8XK3B2M4N6P8R0S2T4V6W8",
            "approve_by": "2026-03-02T12:00:00.000Z",
        },
    ),
    "message.approved": (
        "A person let a waiting message go.",
        {**_M, "direction": "outbound", "decided_by": _PERSON, "revision": 2},
    ),
    "message.cancelled": ("A message was cancelled before it left.", {**_M, "decided_by": _PERSON}),
    "message.queued": ("A send was stored and will leave as soon as it can.", _outbound("queued")),
    "message.scheduled": (
        "A send was stored for later.",
        _outbound("scheduled", send_at="2026-03-02T09:00:00.000Z"),
    ),
    "message.sent": ("The transport took the mail for these recipients.", _outbound("sent", transport="smtp")),
    "message.delivered": (
        "The receiving side confirmed that it has the mail.",
        _outbound("delivered", transport="local"),
    ),
    "message.deferred": (
        "The receiving side asked to try later. It will be tried again.",
        _outbound("sent", transport="smtp", detail="451 4.7.1 try again later"),
    ),
    "message.unknown": (
        "The call to the transport broke off where nobody can tell whether it took the mail. It is not sent again.",
        _outbound("unknown", transport="smtp", detail="The connection was lost after the message was sent."),
    ),
    "message.failed": (
        "The mail could not be handed over, and will not be tried again.",
        _outbound("failed", transport="smtp", detail="This transport is not configured."),
    ),
    "message.rejected": (
        "The mail was refused before it left.",
        {**_M, "reason": "suppressed", "decided_by": None, "detail": "The address is on the suppression list."},
    ),
    "message.bounced": (
        "A recipient's system refused the mail, at once or by a report.",
        {
            **_M,
            "bounce_type": "permanent",
            "bounced_recipients": [
                {"email_address": "ann@example.com", "code": "5.1.1", "detail": "550 5.1.1 no such user"}
            ],
        },
    ),
    "message.complained": (
        "A recipient called the mail unwanted.",
        {**_M, "complained_recipients": ["ann@example.com"], "feedback_type": "abuse"},
    ),
    "message.opened": (
        "A recipient opened the mail, where tracking was asked for.",
        {
            **_M,
            "first_at": "2026-03-01T12:30:00.000Z",
        },
    ),
    "message.deleted": ("A message was deleted.", _M),
    "message.labels_changed": (
        "Labels were added to a message or taken off.",
        {**_M, "added": ["urgent"], "removed": ["unread"]},
    ),
    "thread.created": (
        "A conversation began.",
        {"thread_id": _M["thread_id"], "inbox_id": _M["inbox_id"], "subject": "Where is my parcel?"},
    ),
    "inbox.created": ("An inbox was made.", _INBOX),
    "inbox.deleted": ("An inbox was deleted. Its address is never given to anyone else.", _INBOX),
    "inbox.paused": ("No mail leaves from this inbox any more.", {**_INBOX, "reason": "manual"}),
    "inbox.resumed": ("The inbox may send again.", {**_INBOX, "reason": "manual"}),
    "draft.created": ("A draft was made.", _DRAFT),
    "draft.updated": ("A draft was changed.", _DRAFT),
    "draft.deleted": ("A draft was deleted.", _DRAFT),
    "draft.sent": ("A draft became a message.", {**_DRAFT, "message_id": _M["message_id"]}),
    "loop.detected": (
        "Mail goes round between machines.",
        {"inbox_id": _M["inbox_id"], "thread_id": _M["thread_id"], "message_id": None, "kind": "rate", "count": 10},
    ),
    "domain.verified": ("A domain's records are all there.", _DOMAIN),
    "domain.failed": ("A domain's records are wrong or gone.", {**_DOMAIN, "failure": "The DKIM record is missing."}),
    "webhook.disabled": (
        "An endpoint is called no more.",
        {"webhook_id": "whk_01JQ8XK3B2M4N6P8R0S2T4V6W8", "url": "https://example.com/hook", "reason": "failures"},
    ),
    "webhook.test": (
        "Sent by `POST /webhooks/{id}/test` to one endpoint; it never stands in the log.",
        {},
    ),
    "limit.reached": (
        "A usage limit is reached.",
        {"counter": "messages_sent", "current": 200, "limit": 200, "hard": True},
    ),
}
