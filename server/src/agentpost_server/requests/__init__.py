"""The API request log: method, path, status, duration, key; never bodies. Kept for days, read at GET /requests."""

from agentpost_server.requests.record import RequestLog

__all__ = ["RequestLog"]
