"""What comes along with a send that was written over some time, as drafts are. Other sends bring nothing of it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.db import Tx
from agentpost_server.outbound.files import File
from agentpost_server.outbound.holding.hold import CoWritten
from agentpost_server.outbound.model import AttachmentIn
from agentpost_server.policies import Hold

Inside = Callable[[Tx, UUID], Awaitable[None]]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose bytes the caller has already, and how a request would have named it: policies ask about that."""

    file: File
    described: AttachmentIn


class Drafted(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft brings along when it becomes a message. `given` files come ahead of those that the send names; what
    `inside` does stands or falls with the message. `late` holds it, whatever policies say."""

    given: Sequence[Given] = ()
    inside: Inside | None = None
    late: Hold | None = None
    written: CoWritten | None = None


NOT_DRAFTED: Final = Drafted()
