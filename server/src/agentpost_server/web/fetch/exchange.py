"""One HTTP/1.1 exchange over an open stream: the request as octets, the answer read within its bounds.

httptools parses: its cost per octet is small however the answer is cut up, and it takes no part in I/O. Nothing is ever
decompressed; `identity` is asked for, and what comes back otherwise is handed on as it came.
"""

import re
from typing import Final

import httptools

from agentpost_server.core.errors import FieldError, Invalid
from agentpost_server.web.fetch.model import FetchFailedError, FetchLimits, FetchRequest, FetchResponse
from agentpost_server.web.fetch.stream import Stream
from agentpost_server.web.fetch.url import Url

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS: Final = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer"),
        *("expect", "accept-encoding", "proxy-connection", "proxy-authorization", "http2-settings"),
    }
)
_DEFAULTS: Final = (("User-Agent", "AgentPost"), ("Accept", "*/*"))
_MAX_INTERIM: Final = 10
_FRAMING_ALLOWANCE: Final = 16 * 1024


def check_headers(headers: tuple[tuple[str, str], ...], *, field: str = "headers") -> None:
    """Refuse header names and values that could change the request itself: `Invalid` with code `unsafe_header`."""
    name = next((name for name, value in headers if not _is_safe(name, value)), None)
    if name is not None or len(headers) > 50:
        message = "Too many headers." if name is None else "This header cannot be set."
        raise Invalid(
            f"{field}: {message}",
            fix="Send at most 50 headers of your own, without line breaks, and none that frame the request.",
            code="unsafe_header",
            errors=(FieldError(field=f"{field}.{name}" if name else field, message=message, code="unsafe_header"),),
        )


def _is_safe(name: str, value: str) -> bool:
    return (
        _NAME.fullmatch(name) is not None
        and name.lower() not in _OURS
        and len(value) <= 8192
        and _VALUE.fullmatch(value) is not None
    )


def request_octets(request: FetchRequest, url: Url) -> bytes:
    """The whole request. Raises FetchFailedError for headers that `check_headers` would refuse."""
    if not all(_is_safe(name, value) for name, value in request.headers):
        raise FetchFailedError("protocol", "A configured header cannot be sent.")
    lines = [f"{request.method} {url.target} HTTP/1.1", f"Host: {url.authority}", "Accept-Encoding: identity"]
    given = {name.lower() for name, _ in request.headers}
    lines += [
        f"{name}: {value}"
        for name, value in (("User-Agent", "AgentPost"), ("Accept", "*/*"))
        if name.lower() not in given
    ]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.method == "POST" or request.body:
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body


class Answer:
    """The answer as far as it has been parsed: httptools calls the `on_` methods."""

    def __init__(self, limits: FetchLimits) -> None:
        self.limits = limits
        self.parser = httptools.HttpResponseParser(self)
        self.status: int | None = None
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.received = False
        self.complete = False
        self.overflowed = False
        self.keep_alive = False
        self._framed = False
        self._interim = 0
        self._head_octets = 0
        self._wire_octets = 0

    def feed(self, data: bytes) -> None:
        """Parse what arrived. Raises FetchFailedError("protocol") for what is not HTTP/1.x or exceeds its limits."""
        self.received = True
        if self.status is None:
            self._head_octets += min(len(data), self.limits.header_bytes + 1)
        self._wire_octets += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            if self.complete:
                # The answer is whole; what hangs on behind it only means that the connection is not used again.
                self.keep_alive = False
                return
            cause = error.__context__
            raise cause if isinstance(cause, FetchFailedError) else _malformed() from None
        except httptools.HttpParserUpgrade:
            raise FetchFailedError("protocol", "The answer switches to another protocol.") from None
        if self.status is None and self._head_octets > self.limits.header_bytes:
            raise _too_much_head()
        if self._wire_octets > self.limits.header_bytes + 2 * self.limits.answer_bytes + _FRAMING_ALLOWANCE:
            self.overflowed = True

    def end(self) -> None:
        """The stream ended. Only an answer without any framing of its own may end so."""
        if self.status is None:
            raise FetchFailedError("reset", "The connection ended without an answer.")
        if self._framed and not self.complete:
            raise FetchFailedError("reset", "The connection ended in the middle of the answer.")
        self.complete = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.status is not None:
            return  # a trailer
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))
        if len(self.headers) > self.limits.header_count:
            raise _too_much_head()

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if self.complete or self.parser.get_http_version() not in ("1.0", "1.1") or not 100 <= status <= 599:
            raise _malformed()
        if status == 101:
            raise FetchFailedError("protocol", "The answer switches to another protocol.")
        if status < 200:
            self._interim += 1
            self.headers.clear()
            if self._interim > _MAX_INTERIM:
                raise FetchFailedError("protocol", "Too many interim answers.")
            return
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > self.limits.header_bytes:
            raise _too_much_head()
        self.status = status
        self.keep_alive = self.parser.should_keep_alive()
        self._framed = any(name in ("content-length", "transfer-encoding") for name, _ in self.headers)

    def on_body(self, body: bytes) -> None:
        room = self.limits.answer_bytes - len(self.body)
        self.body += body[:room]
        if len(body) > room:
            self.overflowed = True

    def on_message_complete(self) -> None:
        if self.status is not None:
            self.complete = True


async def read_answer(stream: Stream, answer: Answer) -> None:
    """Read until the answer is complete or overflows. Raises FetchFailedError and OSError."""
    while not (answer.complete or answer.overflowed):
        data = await stream.read()
        if data:
            answer.feed(data)
        else:
            answer.end()


def judge(answer: Answer, request: FetchRequest, address: str) -> FetchResponse:
    """What the caller gets of an answer that was read. Raises FetchFailedError for what it did not want."""
    assert answer.status is not None
    if 300 <= answer.status <= 399 and not request.accept_redirect:
        raise FetchFailedError("protocol", "The answer is a redirect, and redirects are not followed.")
    if answer.overflowed and not request.truncate:
        raise FetchFailedError("too_large", f"The answer is larger than {request.limits.answer_bytes} octets.")
    return FetchResponse(
        status=answer.status,
        headers=tuple(answer.headers),
        body=bytes(answer.body),
        truncated=answer.overflowed,
        address=address,
    )


def _malformed() -> FetchFailedError:
    return FetchFailedError("protocol", "The answer is not well-formed HTTP/1.1.")


def _too_much_head() -> FetchFailedError:
    return FetchFailedError("protocol", "The answer has too many or too large headers.")
