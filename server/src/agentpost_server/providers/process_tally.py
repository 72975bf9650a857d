"""The Tally of one process: exact as long as there is only one."""


class ProcessTally:
    """Remembers the newest window alone."""

    def __init__(self) -> None:
        self._window = 0
        self._used: dict[str, int] = {}

    async def add(self, name: str, window: int) -> int:
        return self.count(name, window)

    def count(self, name: str, window: int) -> int:
        if window > self._window:
            self._window, self._used = window, {}
        used = self._used[name] = self._used.get(name, 0) + 1
        return used

    async def close(self) -> None:
        """There is nothing to close."""
