"""What storing works with: a message that knows its thread, and a thread as the transaction will leave it."""

from datetime import datetime
from uuid import UUID

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.mail.model import Address
from agentpost_server.messages.new import NewMessage


class ThreadState(msgspec.Struct, kw_only=True):
    """A thread as this transaction leaves it."""

    id: UUID
    scope: Scope
    inbox_id: UUID
    subject: str
    created_at: datetime
    last_message_at: datetime
    last_message_id: UUID | None = None
    message_count: int = 0
    participants: list[Address] = []
    labels: list[str] = []
    preview: str = ""
    has_attachments: bool = False


class PlacedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that knows its thread; `facets` are what lists filter by, `people` what search finds it by."""

    message: NewMessage
    thread_id: UUID
    flags: tuple[str, ...]
    facets: list[str]
    people: str
