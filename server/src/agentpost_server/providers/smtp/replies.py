"""What an SMTP reply says about a mail: accepted, to be tried again, or refused for good (RFC 5321 4.2.1, RFC 3463)."""

import re
from typing import Final

from agentpost_server.ports.transport import Outcome

MAX_DETAIL: Final = 500
_ENHANCED: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_QUEUE_ID: Final = re.compile(r"queued as ([A-Za-z0-9._-]{4,80})", re.IGNORECASE)
_SES_ID: Final = re.compile(r"Ok ([0-9a-f-]{40,80})")
_SES_HOST: Final = re.compile(r"email-smtp(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com")
# About our log-in, not about the mail: a wrong relay password must not bounce every mail (RFC 4954 6).
OUR_FAULT: Final = frozenset({530, 534, 535, 538})


def is_positive(code: int) -> bool:
    return 200 <= code <= 299


def outcome_of(code: int, message: str) -> Outcome:
    """The outcome of a final reply. Any other code says nothing, and before the dot that is `deferred`."""
    if is_positive(code):
        status = "accepted"
    elif 500 <= code <= 599 and code not in OUR_FAULT:
        status = "refused"
    else:
        status = "deferred"
    shown = code if 200 <= code <= 599 else None
    return Outcome(
        status=status, smtp_code=shown, enhanced_code=enhanced_code(code, message), detail=one_line(message) or None
    )


def enhanced_code(code: int, message: str) -> str | None:
    """The RFC 2034 status that leads the text, when its class is the reply's."""
    found = _ENHANCED.match(message)
    return found[1] if found and found[1][0] == str(code)[:1] else None


def one_line(message: str) -> str:
    """The text as one printable line of bounded length: replies come from strangers."""
    joined = " ".join(message[: MAX_DETAIL * 4].split())
    return "".join(c if c.isprintable() else "?" for c in joined[:MAX_DETAIL])


def ids_of(host: str, message: str) -> tuple[str | None, str | None]:
    """`(provider id, Message-ID on the wire)` as the reply after the dot tells them; SES sets its own."""
    if region := _SES_HOST.fullmatch(host.lower()):
        if not (found := _SES_ID.search(message)):
            return None, None
        domain = "email" if region[1] == "us-east-1" else region[1]
        return found[1], f"<{found[1]}@{domain}.amazonses.com>"
    found = _QUEUE_ID.search(message)
    return (found[1] if found else None), None
