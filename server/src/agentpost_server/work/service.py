"""What a process starts and stops: lanes, chores, listeners. Started in order, closed in the reverse order."""

from typing import Protocol


class Service(Protocol):
    async def start(self) -> None: ...

    async def close(self, grace_seconds: float = ...) -> None: ...
