"""Messages and what belongs to them: threads, labels, attachments, search."""

from agentpost_server.messages.add import add
from agentpost_server.messages.labels import check_settable as check_labels
from agentpost_server.messages.model import Attachment, Message, Thread
from agentpost_server.messages.new import Added, NewAttachment, NewMessage
from agentpost_server.messages.read import get, get_many

__all__ = [
    "Added",
    "Attachment",
    "Message",
    "NewAttachment",
    "NewMessage",
    "Thread",
    "add",
    "check_labels",
    "get",
    "get_many",
]
