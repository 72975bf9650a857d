"""The HTTP listener: uvicorn with our protocol and limits, without its claims on signals, logging, proxy headers."""

import contextlib
import ssl
from collections.abc import Generator, Sequence
from typing import Final

import uvicorn
from uvicorn._types import ASGI3Application

from agentpost_server.web.limits import EdgeConfig, HttpLimits
from agentpost_server.web.protocol import EdgeProtocol
from agentpost_server.web.websocket import EdgeWebSocket

_TICK_SECONDS: Final = 0.1


class EdgeServer(uvicorn.Server):
    """A uvicorn server that holds its connections to their deadlines. `await server.serve(sockets=[...])` runs it;
    setting `should_exit` drains it. Signals belong to the process, not to one of its doors."""

    config: EdgeConfig

    async def on_tick(self, counter: int) -> bool:
        seconds = self.config.limits.sweep_seconds
        if counter % max(1, round(seconds / _TICK_SECONDS)) == 0:
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, EdgeProtocol):
                    connection.sweep(seconds)
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def make_server(
    app: ASGI3Application,
    *,
    limits: HttpLimits | None = None,
    errors_url: str = "/docs/errors",
    trusted_proxies: Sequence[str] = (),
    keep_alive_seconds: int = 75,
    drain_seconds: int = 20,
    websocket_bytes: int = 64 * 1024,
    tls: ssl.SSLContext | None = None,
) -> EdgeServer:
    """A server for `app`, not started; hand it listening sockets with `serve(sockets=[...])`.

    `X-Forwarded-*` count only from `trusted_proxies` (addresses or CIDRs), by default from nobody. Compressed WebSocket
    frames are not negotiated and a frame holds at most `websocket_bytes`. `drain_seconds` bounds the shutdown.
    """
    config = EdgeConfig(
        app,
        http=EdgeProtocol,
        ws=EdgeWebSocket,
        ws_max_size=websocket_bytes,
        ws_per_message_deflate=False,
        loop="none",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_keep_alive=keep_alive_seconds,
        timeout_graceful_shutdown=drain_seconds,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    config.limits = limits or HttpLimits()
    config.errors_url = errors_url
    return EdgeServer(config)
