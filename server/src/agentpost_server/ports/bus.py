"""A doorbell between processes: tiny, lossy, never the truth. Whoever misses a ring looks again within a poll."""

from collections.abc import Callable
from typing import Protocol

Listener = Callable[[str], None]


class Bus(Protocol):
    """Topics carry short texts (≤ 4,000 octets). Rings of one topic within milliseconds may be merged into one."""

    def publish(self, topic: str, text: str = "") -> None:
        """Ring after commit. Returns at once; a failure is logged, not raised."""
        ...

    def subscribe(self, topic: str, listener: Listener) -> Callable[[], None]:
        """Call `listener(text)` on the event loop for every ring; returns how to stop."""
        ...

    async def check(self) -> None:
        """Raises OSError while rings of other processes cannot be heard: readiness tells this."""
        ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...
