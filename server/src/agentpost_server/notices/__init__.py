"""The product's own mails. A row says to whom and about what; the words, with any link in them, are written when it is
sent, so that nothing that opens a door lies in the database, and no API key reads them."""

from agentpost_server.notices.add import TOPIC, add
from agentpost_server.notices.deliver import Lane
from agentpost_server.notices.model import About, Desk, Letter, Writer
from agentpost_server.notices.read import newest

__all__ = ["TOPIC", "About", "Desk", "Lane", "Letter", "Writer", "add", "newest"]
