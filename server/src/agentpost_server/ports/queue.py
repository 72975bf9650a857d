"""A queue that holds each message until it is deleted: who received it and does not delete it gets it again.

Whatever goes wrong is an OSError, within bounded time.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class QueuedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message in hand. `receipt` names this hand-out of it, not the message."""

    id: str
    receipt: str
    body: str


class MessageQueue(Protocol):
    """One queue. A message that was received is hidden from others for the seconds asked for."""

    async def receive(self, *, most: int, wait_seconds: int, hidden_seconds: int) -> list[QueuedMessage]:
        """Up to `most` messages (≤ 10); waits for the first one (≤ 20 s) and answers [] when none came."""
        ...

    async def delete(self, receipts: Sequence[str]) -> None: ...

    async def hide(self, receipts: Sequence[str], seconds: int) -> None:
        """Keep them hidden for so long from now on; 0 gives them back."""
        ...

    async def close(self) -> None: ...
