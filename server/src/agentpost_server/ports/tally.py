"""Counting uses in windows of time, over all instances: what request limits stand on."""

from typing import Protocol


class Tally(Protocol):
    """Never raises, and answers within fifty milliseconds whatever happens: what cannot be asked is counted here."""

    async def add(self, name: str, window: int) -> int:
        """Count one use of `name` in a window (a number that grows with time) and tell how many there are by now."""
        ...

    async def close(self) -> None: ...
