"""uvicorn's httptools protocol with the bounds that ASGI is too late for: header count and size, framing, pace.

llhttp already refuses broken framing. Added here: how much may arrive, how slowly, in which request line, and that each
refusal is problem+json, sent in its turn and left readable before the connection goes. There is no timer per request:
the hot path only notes its phase, and `EdgeServer` calls `sweep` on every open connection twice a second.
"""

import asyncio
import logging
import re
from typing import Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from agentpost_server.core.ids import encode, new_id
from agentpost_server.web import refusals
from agentpost_server.web.limits import METHODS, EdgeConfig
from agentpost_server.web.refusals import Refusal
from agentpost_server.web.target import target_is_plain
from agentpost_server.web.upgrade import resume_at_body

logger = logging.getLogger(__name__)

_SLICE: Final = 8 * 1024
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ ")
_METHODS: Final = frozenset(method.encode() for method in METHODS)
_OVERRIDES: Final = frozenset({b"x-http-method-override", b"x-http-method", b"x-method-override"})
_INSPECTED: Final = _OVERRIDES | {b"host", b"content-length", b"transfer-encoding"}


# What the connection is waiting for; plain integers, because the hot path compares them.
_WAITING: Final = 0  # the first octet of a request
_HEAD: Final = 1  # the end of its headers
_BODY: Final = 2  # the end of its body
_LINGER: Final = 3  # the client, which may still be reading our refusal


class _RefusedError(Exception):
    """Leaves a parser callback; the reason stays on the protocol."""


class EdgeProtocol(HttpToolsProtocol):
    """One connection. uvicorn makes it from an `EdgeConfig`."""

    def __init__(
        self,
        config: EdgeConfig,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limits = config.limits
        self.errors_url = config.errors_url
        self._header_count = config.limits.header_count
        self.phase = _WAITING
        self.refusal: Refusal | None = None
        self._reason: Refusal = refusals.MALFORMED
        self._elapsed = 0.0
        self._progress = False
        self._overhead = 0
        self._received = 0
        self._trailers = 0
        self._sized = False
        self._ignored_upgrade = False
        self._framing: list[tuple[bytes, bytes]] = []
        self._unsent = 0
        self._stalled = 0.0

    # What arrives

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(refusals.TOO_MANY_CONNECTIONS)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self.refusal is not None:
            self._discard(len(data))
        elif len(data) <= _SLICE or self._sized:
            self._feed(data)
        else:
            self._feed_in_slices(memoryview(data))

    def _feed_in_slices(self, rest: memoryview) -> None:
        """So that what a client piles up without an octet of body is counted closely."""
        while rest and self.refusal is None and self.transport.get_protocol() is self:
            size = len(rest) if self._sized else _SLICE
            self._feed(rest[:size])
            rest = rest[size:]

    def _feed(self, data: bytes | memoryview) -> None:
        self._progress = False
        rest = data
        while rest:
            try:
                self.parser.feed_data(rest)
                break
            except httptools.HttpParserUpgrade as upgrade:
                if self._should_upgrade():
                    self.handle_websocket_upgrade()
                    return
                rest = rest[upgrade.args[0] :]
                if self._framing:
                    self.parser = resume_at_body(self, self._framing)
            except httptools.HttpParserInvalidMethodError:
                known = _TOKEN.match(data) is not None
                self._refuse(refusals.METHOD_NOT_ALLOWED if known else refusals.MALFORMED)
                return
            except httptools.HttpParserError:
                self._refuse(self._reason)
                return
        self._count_overhead(len(data))

    def _count_overhead(self, size: int) -> None:
        """Bound what the parser swallows without telling anyone: one endless header, chunk extension or run of CRLF."""
        if self._progress:
            self._overhead = 0
            return
        self._overhead += size
        if self.phase == _BODY:
            if self._overhead > self.limits.chunk_overhead_bytes:
                self._refuse(refusals.MALFORMED)
        elif self._overhead > self.limits.header_bytes:
            self._refuse(refusals.HEADERS_TOO_LARGE)

    # What the parser finds

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.phase = _HEAD
        self._progress = True
        self._elapsed = 0.0
        self._ignored_upgrade = False
        self._framing = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase == _HEAD:
            # As uvicorn does it; a call of its method for each header would be the dearest thing in this class.
            name = name.lower()
            headers = self.headers
            headers.append((name, value))
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            if len(headers) > self._header_count:
                raise self._refused(refusals.HEADERS_TOO_LARGE)
            return
        # A trailer: uvicorn would add it to headers that the application has already judged (RFC 9110, 6.5.1).
        self._trailers += 1
        if self._trailers > self.limits.header_count:
            raise self._refused(refusals.HEADERS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        self._judge_head()
        upgrade = self.parser.should_upgrade()
        if upgrade and self._should_upgrade():
            # HTTP/1.0 has no upgrade (RFC 6455, 4.1), and uvicorn would pass it on as 1.1.
            if self._answering() or self.parser.get_http_version() != "1.1":
                raise self._refused(refusals.MALFORMED)
            super().on_headers_complete()
            return
        if len(self.pipeline) >= self.limits.pipelined_requests:
            raise self._refused(refusals.UNANSWERED)
        # llhttp takes any upgrade to end HTTP; we go on as if it had not been asked for (RFC 9110, 7.8).
        self._ignored_upgrade = upgrade
        self._sized = not upgrade and bool(self._framing) and self._framing[0][0] == b"content-length"
        self.phase = _BODY
        self._progress = True
        self._elapsed = 0.0
        self._received = self._trailers = 0
        super().on_headers_complete()
        # Same state, one method more: uvicorn offers no seam for its answer to an application that raised.
        cycle = cast("EdgeCycle", self.cycle)
        cycle.__class__ = EdgeCycle
        cycle.errors_url = self.errors_url

    def on_body(self, body: bytes) -> None:
        self._progress = True
        self._received += len(body)
        super().on_body(body)
        if self.cycle.response_complete and self._received > self.limits.drain_bytes:
            self.transport.close()

    def on_message_complete(self) -> None:
        if self._ignored_upgrade and self._framing:
            self._ignored_upgrade = False
            return
        super().on_message_complete()
        self.phase = _WAITING
        self._progress = True
        self._elapsed = 0.0
        self._sized = False

    def _judge_head(self) -> None:
        """What llhttp lets through and we do not, in one pass over the headers."""
        size = len(self.url)
        hosts = 0
        for name, value in self.headers:
            size += len(name) + len(value) + 4
            if name in _INSPECTED:
                if name == b"host":
                    hosts += 1
                elif name in _OVERRIDES:
                    raise self._refused(refusals.METHOD_NOT_ALLOWED)
                else:
                    self._framing.append((name, value))
                    if name == b"transfer-encoding" and value.lower() != b"chunked":
                        raise self._refused(refusals.MALFORMED)
        if size > self.limits.header_bytes:
            raise self._refused(refusals.HEADERS_TOO_LARGE)
        if self.parser.get_method() not in _METHODS:
            raise self._refused(refusals.METHOD_NOT_ALLOWED)
        version = self.parser.get_http_version()
        # RFC 9112: 3.2 asks for exactly one Host, 6.1 for suspicion of a transfer coding in HTTP/1.0.
        if version == "1.1":
            sound = hosts == 1
        else:
            sound = version == "1.0" and hosts <= 1 and (b"transfer-encoding", b"chunked") not in self._framing
        if not sound:
            raise self._refused(refusals.MALFORMED)
        if not target_is_plain(self.url):
            raise self._refused(refusals.MALFORMED_PATH)

    # How it ends

    def on_response_complete(self) -> None:
        last = not self.pipeline
        super().on_response_complete()
        if self.refusal is not None and last and not self.transport.is_closing():
            self._send_refusal(self.refusal)
        elif self.phase == _BODY:
            self._elapsed = 0.0

    def shutdown(self) -> None:
        if self.phase == _LINGER:
            self.transport.close()
            return
        # An answer without an end of its own, such as a stream of events, says here how to be ended.
        if self._answering() and (end := self.cycle.scope.get("agentpost.on_shutdown")) is not None:
            end()
        super().shutdown()

    def _answering(self) -> bool:
        """Whether an answer is still owed; there is no cycle before the first request."""
        return bool(self.cycle) and not self.cycle.response_complete

    def _refused(self, reason: Refusal) -> _RefusedError:
        self._reason = reason
        return _RefusedError()

    def _refuse(self, refusal: Refusal) -> None:
        """Take nothing more; answer with `refusal` when the answers due before it are out."""
        self.refusal = refusal
        cycle = self.cycle
        if self.phase != _BODY:
            if not self._answering():
                self._send_refusal(refusal)
        elif cycle.response_started:
            self.transport.close()
        elif self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline.popleft()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._send_refusal(refusal)

    def _send_refusal(self, refusal: Refusal) -> None:
        self._unset_keepalive_if_required()
        if refusal is refusals.UNANSWERED:
            self.transport.close()
            return
        request_id, answer = refusals.render(
            refusal, errors_url=self.errors_url, default_headers=self.server_state.default_headers
        )
        client = self.client[0] if self.client else "-"
        logger.info("request refused: %d %s client=%s %s", refusal.status, refusal.code, client, request_id)
        self.transport.write(answer)
        # Closing with unread octets in the socket resets the connection, and the client may lose our answer with it.
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.phase = _LINGER
            self._elapsed = 0.0
            self._received = 0
            self.flow.resume_reading()
        else:
            self.transport.close()

    def _discard(self, size: int) -> None:
        if self.phase == _LINGER:
            self._received += size
            if self._received > self.limits.linger_bytes:
                self.transport.abort()

    # What time does to it

    def sweep(self, seconds: float) -> None:
        """Hold this connection to its deadlines; `seconds` have passed since the last call, and will until the next."""
        if self.flow.write_paused or self.transport.is_closing():
            self._sweep_unread_answer(seconds)
        else:
            self._stalled = 0.0
        if self.transport.is_closing():
            return
        if self.phase == _LINGER:
            self._elapsed += seconds
            if self._elapsed > self.limits.linger_seconds:
                self.transport.abort()
        elif self.refusal is None:
            if self.phase == _BODY:
                self._sweep_body(seconds)
            else:
                self._sweep_head(seconds)

    def _sweep_head(self, seconds: float) -> None:
        if self._answering():
            self._elapsed = 0.0
            return
        self._elapsed += seconds
        if self._elapsed + seconds <= self.limits.head_seconds:
            return
        if self.phase == _HEAD:
            self._refuse(refusals.TIMEOUT)
        elif not self.cycle or self._elapsed > self.timeout_keep_alive + seconds:
            self.transport.close()

    def _sweep_body(self, seconds: float) -> None:
        if self.flow.read_paused or self.cycle.waiting_for_100_continue:
            return
        self._elapsed += seconds
        if self.cycle.response_complete:
            if self._elapsed > self.limits.drain_seconds:
                self.transport.close()
            return
        due = (self._elapsed - self.limits.body_grace_seconds) * self.limits.body_bytes_per_second
        if self._received < due:
            self._refuse(refusals.TIMEOUT)

    def _sweep_unread_answer(self, seconds: float) -> None:
        unsent = self.transport.get_write_buffer_size()
        self._stalled = self._stalled + seconds if unsent == self._unsent else 0.0
        self._unsent = unsent
        if self._stalled > self.limits.write_stall_seconds:
            self.transport.abort()


class EdgeCycle(RequestResponseCycle):
    """uvicorn's request cycle, but an application that raised is answered for with problem+json too."""

    errors_url: str

    async def send_500_response(self) -> None:
        request_id = encode("req", new_id())
        body = refusals.problem_body(refusals.INTERNAL_ERROR, errors_url=self.errors_url, request_id=request_id)
        headers: list[tuple[bytes, bytes]] = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})
