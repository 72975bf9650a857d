"""The catalogue of error codes: status, cause, and what to do. A test finds every code that the source raises here."""

from html import escape
from typing import Final, NamedTuple


class ErrorCode(NamedTuple):
    status: int
    cause: str
    fix: str


ERROR_CODES: Final[dict[str, ErrorCode]] = {
    "bad_request": ErrorCode(
        400,
        "The request is not well-formed HTTP, or says something twice.",
        "Correct the request line, headers or query.",
    ),
    "invalid_json": ErrorCode(
        400, "The body is not one JSON object in UTF-8, or names a key twice.", "Send valid JSON with every key once."
    ),
    "invalid_page_token": ErrorCode(
        400,
        "The page_token was not given out by this list with these filters.",
        "Use next_page_token of the page before, or begin without one.",
    ),
    "invalid_idempotency_key": ErrorCode(
        400,
        "Idempotency-Key is empty, too long or not printable ASCII.",
        "Send 1 to 256 printable characters, such as a UUID.",
    ),
    "environment_required": ErrorCode(
        400,
        "The key may use several environments and none is the default.",
        "Name one in the AgentPost-Environment header.",
    ),
    "unauthenticated": ErrorCode(401, "No API key was sent.", "Send Authorization: Bearer ap_sk_…"),
    "invalid_key": ErrorCode(
        401, "The key is not one of this server.", "Check it for missing characters; its checksum must match."
    ),
    "key_expired": ErrorCode(401, "The key's expires_at has passed.", "Rotate the key or create a new one."),
    "key_revoked": ErrorCode(401, "The key was revoked.", "Use another key."),
    "missing_scope": ErrorCode(
        403, "The key lacks the scope that the route needs.", "Create a key with the scope that the answer names."
    ),
    "forbidden": ErrorCode(403, "The key may not do this.", "Use a key with a wider reach."),
    "inbox_paused": ErrorCode(
        403,
        "Sending from this inbox, its environment or organization is paused.",
        "Resume it, or send from another inbox.",
    ),
    "recipient_blocked": ErrorCode(
        403, "A rule forbids sending to this recipient.", "Change the rule or leave the recipient out."
    ),
    "policy_rejected": ErrorCode(
        403,
        "A rule forbids this send: the conversation goes by itself, or a program would answer a machine or a stranger.",
        "Have a person look; the answer says what works then.",
    ),
    "domain_not_verified": ErrorCode(
        403, "The domain is not verified in this environment.", "Publish its records and wait until it is verified."
    ),
    "https_required": ErrorCode(403, "Log-in over plain HTTP is refused outside loopback.", "Use https."),
    "not_found": ErrorCode(
        404, "Nothing by that id for this key.", "Check the id, the environment and the key's limits."
    ),
    "route_not_found": ErrorCode(404, "There is no such path.", "See /docs for the paths."),
    "method_not_allowed": ErrorCode(405, "The path does not know that method.", "Use one of the Allow header."),
    "upgrade_required": ErrorCode(426, "The path speaks WebSocket only.", "Open it with a WebSocket client."),
    "request_timeout": ErrorCode(408, "The request came too slowly.", "Send it again in one go."),
    "conflict": ErrorCode(409, "The request does not fit the present state.", "Read the resource again and decide."),
    "idempotency_in_progress": ErrorCode(
        409, "The first request with this key is still running.", "Wait for Retry-After, then repeat it unchanged."
    ),
    "revision_conflict": ErrorCode(
        409, "Someone changed the resource meanwhile.", "Read it again and repeat the change."
    ),
    "lease_lost": ErrorCode(409, "The lease ended or belongs to another worker.", "Claim again."),
    "already_decided": ErrorCode(409, "The decision was already made.", "Read the message to see it."),
    "event_expired": ErrorCode(
        410,
        "The event named by after is not in the log: too old, or never there.",
        "Start without after and catch up from the lists.",
    ),
    "message_too_large": ErrorCode(
        413,
        "The message is over the limit; the answer names raw and encoded size.",
        "Send less, or a link instead of the file.",
    ),
    "body_too_large": ErrorCode(
        413, "The body is over what the path takes.", "Send less, or upload attachments first."
    ),
    "unsupported_media_type": ErrorCode(
        415, "The body is not application/json.", "Set Content-Type: application/json."
    ),
    "range_not_satisfiable": ErrorCode(416, "The Range header asks for what is not there.", "Leave Range out."),
    "validation_failed": ErrorCode(
        422, "A field is missing, wrong or unknown; errors names it.", "Correct the named fields."
    ),
    "idempotency_key_reused": ErrorCode(
        422, "The Idempotency-Key was used for another request.", "Use a new key for a new request."
    ),
    "unsafe_url": ErrorCode(
        422,
        "The URL leads to a private, loopback or metadata address, or is malformed.",
        "Use a public http(s) URL, or have the operator allow the network.",
    ),
    "unsafe_header": ErrorCode(
        422,
        "A custom header is one that the server writes, or holds control characters.",
        "Leave it out or rename it to X-…",
    ),
    "all_recipients_suppressed": ErrorCode(
        422,
        "Every recipient is on the suppression list; nothing was stored.",
        "Remove the suppression if the address is good again.",
    ),
    "recipient_needs_smtputf8": ErrorCode(
        422, "A recipient needs SMTPUTF8, which the transport does not offer.", "Use an ASCII address."
    ),
    "mail_loop": ErrorCode(
        422,
        "The same inbox has sent this mail three times already (told by SMTP, 554 5.4.6).",
        "Break the forwarding loop.",
    ),
    "mail_blocked": ErrorCode(
        422,
        "A filter rule of everybody whom it is for keeps this mail out (told by SMTP, 550 5.7.1).",
        "Ask the owner of the mailbox in another way.",
    ),
    "mail_forged": ErrorCode(
        422,
        "The author's domain asks that mail which fails DMARC be refused, and this failed (told by SMTP, 550 5.7.26).",
        "Send it from a server that the domain names, or sign it with the domain's DKIM key.",
    ),
    "author_unclear": ErrorCode(
        422,
        "The mail names no author, or several, so that nobody can vouch for it (told by SMTP, 550 5.7.1).",
        "Send it with exactly one address in From.",
    ),
    "rate_limited": ErrorCode(429, "Too many requests in this minute.", "Wait as long as Retry-After says."),
    "daily_limit_reached": ErrorCode(
        429, "The day's mail limit is reached.", "Wait for the next day or raise the limit."
    ),
    "send_cap_reached": ErrorCode(
        429,
        "A cap of this inbox, environment or organization is reached.",
        "Wait for the next window or raise the cap.",
    ),
    "headers_too_large": ErrorCode(431, "Over 100 headers, or over 32 KiB of them.", "Send fewer or shorter headers."),
    "internal_error": ErrorCode(500, "The server made a mistake.", "Try again; report the request_id if it stays."),
    "unavailable": ErrorCode(503, "The database or another part is away.", "Try again after Retry-After."),
}


def render_errors() -> str:
    """The page that every problem's `type` leads to."""
    rows = "".join(
        f'<tr id="{code}"><td><a href="#{code}"><code>{code}</code></a></td><td>{one.status}</td>'
        f"<td>{escape(one.cause)}</td><td>{escape(one.fix)}</td></tr>"
        for code, one in ERROR_CODES.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>AgentPost error codes</title><style>'
        ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}"
        "td,th{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #8883}"
        ":target{background:#fc03}</style></head><body><h1>Error codes</h1>"
        "<p>Every error is <code>application/problem+json</code>, with a stable <code>code</code> and"
        " a <code>fix</code>.</p>"
        f"<table><tr><th>Code</th><th>Status</th><th>Cause</th><th>What to do</th></tr>{rows}</table></body></html>"
    )
