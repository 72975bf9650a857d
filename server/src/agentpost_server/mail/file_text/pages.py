"""Collecting pages within bounds: characters, pages, and a share of the CPU time, after which what is there counts."""

import time
from typing import Final

from agentpost_server.mail.charsets import storable
from agentpost_server.mail.file_text.model import FileText

MOST_PAGES: Final = 10_000
PIECE_CHARACTERS: Final = 10_000
"""Files without pages of their own are cut into pages of at most so many characters, at the end of a line."""
_CPU_SECONDS: Final = 5.0


class EnoughError(Exception):
    """No more is wanted of this file."""


class Pages:
    """The pages so far. A reader adds, and stops when `is_full`."""

    def __init__(self, most_characters: int, cpu_seconds: float = _CPU_SECONDS) -> None:
        self.texts: list[str] = []
        self.room = most_characters
        self.truncated = False
        self._end = time.process_time() + cpu_seconds

    def is_full(self) -> bool:
        """Whether reading must end; then it ended before the file did."""
        if self.room <= 0 or len(self.texts) >= MOST_PAGES or self.is_late():
            self.truncated = True
        return self.truncated and (self.room <= 0 or len(self.texts) >= MOST_PAGES or self.is_late())

    def is_late(self) -> bool:
        return time.process_time() > self._end

    def add(self, text: str) -> None:
        """One page, as it can be stored; what does not fit is cut."""
        clean = storable(text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")).strip("\n")
        if len(clean) > self.room:
            clean, self.truncated = clean[: self.room], True
        self.room -= len(clean)
        self.texts.append(clean)

    def add_pieces(self, text: str) -> None:
        """A text without pages, cut into some."""
        start = 0
        while start < len(text) and not self.is_full():
            end = _end_of_piece(text, start)
            self.add(text[start:end])
            start = end

    def done(self, page_count: int | None = None) -> FileText:
        return FileText(
            pages=tuple(self.texts), page_count=max(page_count or 0, len(self.texts)), truncated=self.truncated
        )


def _end_of_piece(text: str, start: int) -> int:
    """Behind the last line end of the piece's second half, else its last blank, else where it is full."""
    end = start + PIECE_CHARACTERS
    if end >= len(text):
        return len(text)
    half = start + PIECE_CHARACTERS // 2
    for mark in ("\n", " "):
        if (found := text.rfind(mark, half, end)) >= 0:
            return found + 1
    return end
