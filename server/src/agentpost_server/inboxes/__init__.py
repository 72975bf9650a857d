"""Inboxes: the noun that everything else hangs on."""

from agentpost_server.inboxes.model import Inbox
from agentpost_server.inboxes.service import InboxRow, Rates, create, create_exact, find, pause

__all__ = ["Inbox", "InboxRow", "Rates", "create", "create_exact", "find", "pause"]
