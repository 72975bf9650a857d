"""Cuts what arrives between messages into command lines, keeping at most a line and what was pipelined behind it."""


class CommandLines:
    """`append` octets, take lines by `next`. CRLF ends a line; here a bare LF may too, as it can hide nothing."""

    __slots__ = ("_at", "_buffer", "_max_octets", "_skipping", "overlong", "skipped_octets")

    def __init__(self, max_octets: int) -> None:
        self._max_octets = max_octets
        self._buffer = b""
        self._at = 0
        self._skipping = b""
        self.overlong = False
        self.skipped_octets = 0

    @property
    def pending(self) -> int:
        """How many octets wait."""
        return len(self._buffer) - self._at

    def append(self, octets: bytes) -> None:
        if self.pending:
            self._buffer = self._buffer[self._at :] + octets
        else:
            self._buffer = octets
        self._at = 0

    def take_all(self) -> bytes:
        """Everything that waits, as it came."""
        octets = self._buffer[self._at :] if self._at else self._buffer
        self._buffer = b""
        self._at = 0
        return octets

    def next(self) -> bytes | None:
        """The next line without its end, or None. When `overlong` is set afterwards it is only the line's beginning.

        A fragment that begins with no letter is given at once: no command does, and a TLS record has no line end.
        """
        self.overlong = False
        end = self._buffer.find(b"\n", self._at)
        if end < 0:
            return self._fragment()
        line = self._buffer[self._at : end]
        self._at = end + 1
        if self._skipping or len(line) > self._max_octets:
            self.overlong = True
            line = self._skipping or line[: self._max_octets]
            self._skipping = b""
            self.skipped_octets = 0
            return line
        return line[:-1] if line.endswith(b"\r") else line

    def _fragment(self) -> bytes | None:
        size = self.pending
        if self._skipping:
            self.skipped_octets += size
            self.take_all()
        elif size > self._max_octets:
            self.skipped_octets = size
            self._skipping = self.take_all()[: self._max_octets]
        elif size and not self._buffer[self._at : self._at + 1].isalpha() and self._buffer[self._at] not in b"\r":
            return self.take_all()
        return None
