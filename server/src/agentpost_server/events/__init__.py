"""The event log: append in the change's transaction, publish in one order, read after a position."""

from agentpost_server.events.append import append, append_all
from agentpost_server.events.model import Event, Selection, event_of
from agentpost_server.events.publish import OutboxBell, Publisher
from agentpost_server.events.types import EVENT_TYPES

__all__ = ["EVENT_TYPES", "Event", "OutboxBell", "Publisher", "Selection", "append", "append_all", "event_of"]
