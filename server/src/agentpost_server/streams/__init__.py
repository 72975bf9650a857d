"""Live events over WebSocket and server-sent events: one hub a process, replay from the log, then live."""

from agentpost_server.streams.hub import Hub
from agentpost_server.streams.watch import WATCH_SECONDS, watch_keys

__all__ = ["WATCH_SECONDS", "Hub", "watch_keys"]
