"""Lines of Markdown with what stands before them: quote marks, bullets, indents. Depth is bounded, and so is cost."""

from typing import Final

_MAX_DEPTH: Final = 12


class Lines:
    """What was written so far, each line with whether it is quoted history."""

    def __init__(self) -> None:
        self.written: list[tuple[str, bool]] = []
        self.gap = 0
        self._containers: list[_Container] = []

    def enter_quote(self) -> None:
        self._containers.append(_Container("> ", "> "))

    def enter_item(self, marker: str) -> None:
        self._containers.append(_Container(marker, " " * len(marker)))

    def leave(self) -> None:
        if self._containers:
            self._containers.pop()

    def part(self, lines: int) -> None:
        """At least so many line breaks before what comes: 2 leaves a blank line."""
        self.gap = max(self.gap, lines)

    def add(self, text: str, quoted: bool) -> None:
        """Write one line."""
        if self.gap > 1 and self.written:
            self.written.append((self._blank(), quoted))
        self.gap = 0
        prefix = "".join(one.take() for one in self._containers[:_MAX_DEPTH])
        self.written.append(((prefix + text).rstrip(), quoted))

    def _blank(self) -> str:
        """A blank line within a quote goes on with its mark, if the line above had it."""
        marks = "".join(one.rest for one in self._containers[:_MAX_DEPTH] if one.begun).rstrip()
        return marks if marks and self.written[-1][0].startswith(marks) else ""


class _Container:
    def __init__(self, first: str, rest: str) -> None:
        self.first = first
        self.rest = rest
        self.begun = False

    def take(self) -> str:
        """What stands before a line: the marker once, then its width."""
        if self.begun:
            return self.rest
        self.begun = True
        return self.first
