"""What reading a file gives: its pages, or the reason why there are none."""

from typing import Literal

import msgspec

Failure = Literal["encrypted", "damaged", "too_large", "cpu", "memory", "deadline", "crash", "missing"]


class FileText(msgspec.Struct, frozen=True, kw_only=True):
    """`page_count` is the file's own; fewer `pages` than that, or `truncated`: reading ended before the file did."""

    pages: tuple[str, ...] = ()
    page_count: int = 0
    truncated: bool = False
    failure: Failure | None = None


class UnreadableError(Exception):
    """The file gives no text, for this reason."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure: Failure = failure
