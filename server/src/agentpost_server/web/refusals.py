"""Answers given below ASGI, when a request never reaches the application: problem+json like every other error.

They always end the connection: after a message that we could not or would not read to its end, nobody knows where the
next one starts (RFC 9112, section 11.2).
"""

from http import HTTPStatus
from typing import Final

import msgspec

from agentpost_server.core.errors import FieldError
from agentpost_server.core.ids import encode, new_id
from agentpost_server.web.limits import METHODS


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One reason to end a connection; `headers` are added to the answer."""

    status: int
    code: str
    detail: str
    fix: str
    headers: tuple[tuple[str, str], ...] = ()


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldError, ...]
    fix: str
    request_id: str


MALFORMED: Final = Refusal(
    status=400,
    code="bad_request",
    detail="The request is not well-formed HTTP/1.1.",
    fix="Send the request with an ordinary HTTP client, unmodified.",
)
MALFORMED_PATH: Final = Refusal(
    status=400,
    code="bad_request",
    detail="The path holds an empty or dot segment, an encoded slash, a control character or invalid UTF-8.",
    fix="Send the path exactly as documented, each segment percent-encoded on its own.",
)
METHOD_NOT_ALLOWED: Final = Refusal(
    status=405,
    code="method_not_allowed",
    detail="This method is not served here.",
    fix="Use one of the methods in the Allow header, and no method override.",
    headers=(("allow", ", ".join(sorted(METHODS))),),
)
HEADERS_TOO_LARGE: Final = Refusal(
    status=431,
    code="headers_too_large",
    detail="The request has too many or too large headers.",
    fix="Send at most 100 headers of 32 KiB together, the request line included.",
)
TIMEOUT: Final = Refusal(
    status=408,
    code="request_timeout",
    detail="The request did not arrive in time.",
    fix="Send headers within 10 seconds and the body at 500 octets a second or faster.",
)
TOO_MANY_CONNECTIONS: Final = Refusal(
    status=503,
    code="unavailable",
    detail="The server has all the connections that it can serve.",
    fix="Try again in a moment, and reuse connections.",
    headers=(("retry-after", "1"),),
)
INTERNAL_ERROR: Final = Refusal(
    status=500,
    code="internal_error",
    detail="Something went wrong on our side.",
    fix="Try again; if it happens again, report it with the request id.",
)
UNANSWERED: Final = Refusal(
    status=503,
    code="unavailable",
    detail="Too many pipelined requests.",
    fix="Wait for answers before sending more.",
)
"""Never written: the connection ends after the answers that are due; the client repeats the rest (RFC 9112, 9.3.2)."""


def render(
    refusal: Refusal, *, errors_url: str, default_headers: list[tuple[bytes, bytes]] | None = None
) -> tuple[str, bytes]:
    """The request id given to the refused request, and the whole answer as octets."""
    request_id = encode("req", new_id())
    body = problem_body(refusal, errors_url=errors_url, request_id=request_id)
    lines = [f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in default_headers or ()]
    lines += [
        f"{name}: {value}".encode()
        for name, value in (
            *refusal.headers,
            ("content-type", "application/problem+json"),
            ("content-length", str(len(body))),
            ("cache-control", "no-store"),
            ("x-request-id", request_id),
            ("connection", "close"),
        )
    ]
    return request_id, b"\r\n".join([*lines, b"", body])


def problem_body(refusal: Refusal, *, errors_url: str, request_id: str) -> bytes:
    """The RFC 9457 object of a refusal, as JSON."""
    return msgspec.json.encode(
        _Body(
            type=f"{errors_url}#{refusal.code}",
            title=refusal.code.replace("_", " ").capitalize(),
            status=refusal.status,
            detail=refusal.detail,
            code=refusal.code,
            errors=(),
            fix=refusal.fix,
            request_id=request_id,
        )
    )
