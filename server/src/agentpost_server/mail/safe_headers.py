"""Which header fields an API caller may add to a mail, and in which form.

A deny-list: fields that route, authenticate, describe the body, or steer a provider are written by the server alone.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from agentpost_server.core.errors import FieldError

MAX_HEADERS: Final = 50
MAX_NAME_OCTETS: Final = 76
MAX_VALUE_OCTETS: Final = 998
MAX_TOTAL_OCTETS: Final = 16_384

_DENIED: Final = frozenset(
    (
        "from",
        "to",
        "cc",
        "bcc",
        "sender",
        "reply-to",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
        "return-path",
        "received",
        "received-spf",
        "x-received",
        "delivered-to",
        "x-delivered-to",
        "envelope-to",
        "x-original-to",
        "apparently-to",
        "errors-to",
        "return-receipt-to",
        "original-recipient",
        "dkim-signature",
        "domainkey-signature",
        "x-google-dkim-signature",
        "authentication-results",
        "x-authentication-results",
        "auto-submitted",
        "x-smtpapi",
        "x-msys-api",
    )
)
_DENIED_PREFIXES: Final = (
    "content-",
    "resent-",
    "arc-",
    "x-agentpost-",
    "x-envelope-",
    "x-ses-",  # Amazon SES
    "x-pm-",  # Postmark
    "x-mailgun-",
    "x-mc-",  # Mandrill
    "x-mj-",  # Mailjet
    "x-sib-",  # Brevo
)
# RFC 5322 3.6.8: printable US-ASCII but the colon.
_FTEXT: Final = re.compile(r"[!-9;-~]+")
# Everything that some reader takes for a line end or for nothing at all.
_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class CheckedHeaders(msgspec.Struct, frozen=True):
    """`pairs` in the order given, safe to compose when `errors` is empty."""

    pairs: tuple[tuple[str, str], ...]
    errors: tuple[FieldError, ...]


def check_headers(headers: Mapping[str, str], *, field: str = "headers") -> CheckedHeaders:
    """Judge every extra header; each error names its path (`headers.Bcc`) and carries the code `unsafe_header`."""
    if len(headers) > MAX_HEADERS:
        return _refused(field, f"has {len(headers)} entries; at most {MAX_HEADERS} are allowed")
    errors: list[FieldError] = []
    total = 0
    for name, value in headers.items():
        reason = _name_fault(name) or _value_fault(value)
        total += len(name) + len(value.encode("utf-8", "replace"))
        if reason:
            errors.append(FieldError(field=f"{field}.{_shown(name)}", message=reason, code="unsafe_header"))
    if total > MAX_TOTAL_OCTETS:
        return _refused(field, f"hold {total} octets; at most {MAX_TOTAL_OCTETS} are allowed")
    pairs = () if errors else tuple(headers.items())
    return CheckedHeaders(pairs=pairs, errors=tuple(errors))


def is_denied(name: str) -> bool:
    """Whether the server alone writes this field (case does not matter)."""
    lowered = name.lower()
    return lowered in _DENIED or lowered.startswith(_DENIED_PREFIXES)


def _name_fault(name: str) -> str | None:
    if not name or len(name) > MAX_NAME_OCTETS or not _FTEXT.fullmatch(name):
        return f"is not a header name: 1 to {MAX_NAME_OCTETS} printable ASCII characters without space or colon"
    if is_denied(name):
        return "is written by the server and cannot be set"
    return None


def _value_fault(value: str) -> str | None:
    if _UNSAFE.search(value):
        return "has a value with control characters"
    if len(value.encode()) > MAX_VALUE_OCTETS:
        return f"has a value longer than {MAX_VALUE_OCTETS} octets"
    return None


def _shown(name: str) -> str:
    """The name as an error may repeat it: short and printable."""
    return "".join(c if c.isprintable() else "?" for c in name[:MAX_NAME_OCTETS])


def _refused(field: str, message: str) -> CheckedHeaders:
    return CheckedHeaders(pairs=(), errors=(FieldError(field=field, message=message, code="unsafe_header"),))
