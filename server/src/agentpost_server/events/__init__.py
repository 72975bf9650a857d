"""The event log: append in the change's transaction, publish in one order, read after a position."""

from agentpost_server.events.append import append
from agentpost_server.events.types import EVENT_TYPES

__all__ = ["EVENT_TYPES", "append"]
