"""Inboxes: the noun that everything else hangs on."""

from agentpost_server.inboxes.model import Inbox
from agentpost_server.inboxes.service import InboxRow, create, create_exact, find

__all__ = ["Inbox", "InboxRow", "create", "create_exact", "find"]
