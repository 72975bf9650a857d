"""uvicorn's WebSocket protocol with a bounded end: what a client does not read is never kept longer than it is told to.

The application writes whole frames that it shares between sockets (RFC 6455 5.2: a server's frames are not masked, so
one event has the same octets for everybody) and sees how much of them is unsent; ASGI offers neither. It finds the
protocol in `scope["extensions"]["agentpost.wire"]`.
"""

import logging
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_FINAL_TEXT: Final = 0x81
_FLUSH_SECONDS: Final = 5.0
_silent = logging.getLogger("agentpost.websocket.silent")
_silent.disabled = True


def text_frame(payload: bytes) -> bytes:
    """One unfragmented, unmasked text message as it stands on the wire."""
    size = len(payload)
    if size < 126:
        return bytes((_FINAL_TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((_FINAL_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_FINAL_TEXT, 127)) + size.to_bytes(8, "big") + payload


class EdgeWebSocket(WebSocketsSansIOProtocol):
    """One WebSocket. Nothing here waits for the client but `drained`."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # At its debug level it writes down request lines and messages: tokens and mail.
        self.conn.logger = _silent
        self.conn.debug = False

    @property
    def open(self) -> bool:
        return self.handshake_complete and not self.close_sent and not self.transport.is_closing()

    @property
    def unsent(self) -> int:
        """Octets that were written and that the client has not taken."""
        return self.transport.get_write_buffer_size()

    def write(self, frame: bytes) -> None:
        """A whole frame. Silently nothing once the socket is closing."""
        if self.open:
            self.transport.write(frame)

    async def drained(self) -> bool:
        """Wait until the client has taken most of what was written. False when the socket is closing."""
        await self.writable.wait()
        return self.open

    def end(self, code: int, reason: str) -> None:
        """Close with a code. A client that does not answer in time, or never reads, is cut off."""
        if not self.open:
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_FLUSH_SECONDS, self.transport.abort)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._abort_unread()

    def shutdown(self) -> None:
        super().shutdown()
        self._abort_unread()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True  # uvicorn takes its own refusals as complete, but not the application's

    async def run_asgi(self) -> None:
        scope = cast("dict[str, Any]", self.scope)
        scope["extensions"]["agentpost.wire"] = self
        await super().run_asgi()

    def _abort_unread(self) -> None:
        """A closing transport waits for its reader without end; ours does not."""
        self.loop.call_later(_FLUSH_SECONDS, self.transport.abort)
