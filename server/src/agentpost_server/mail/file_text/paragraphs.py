"""Words of WordprocessingML and DrawingML, which name paragraphs, runs and tables alike. Runs that Word hides
(`vanish`) are left out, and of two forms of the same picture or box only the first is read."""

from typing import Final

from agentpost_server.mail.file_text.package import Package, read_xml, value_of
from agentpost_server.mail.file_text.pages import EnoughError, Pages

_OFF: Final = frozenset({"0", "false", "off"})
_ASIDE: Final = frozenset({"pPr", "Fallback"})
# How many elements are read between two looks at the clock, and what blanks and bars may add to the words wanted.
_LOOK_EVERY: Final = 4_096
_BLANKS: Final = 100_000
_SINKS: Final = frozenset({"r", "tr", "tc"})


def words_of(package: Package, part: str, pages: Pages) -> str:
    """The text of one part, a line a paragraph, a table's row as `cell | cell`."""
    words = _Words(pages)
    try:
        read_xml(package.pieces(part), words.start, words.end, words.text)
    except EnoughError:
        pages.truncated = True
    return words.all()


class _Words:
    """Where text goes: into the innermost run, cell or row, each of which says at its end what becomes of it."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._sinks: list[list[str]] = [[]]
        self._hidden: list[bool] = []
        self._aside = 0
        self._in_run_format = 0
        self._in_text = 0
        self._length = 0
        self._elements = 0

    def start(self, tag: str, values: dict[str, str]) -> None:
        self._elements += 1
        if not self._elements % _LOOK_EVERY and self._pages.is_late():
            raise EnoughError
        if tag in _ASIDE or self._aside:
            self._aside += 1
        elif tag in _SINKS:
            self._sinks.append([])
            if tag == "r":
                self._hidden.append(False)
        elif tag == "t":
            self._in_text += 1
        elif tag == "rPr":
            self._in_run_format += 1
        elif tag in ("vanish", "webHidden") and self._in_run_format and self._hidden:
            self._hidden[-1] = value_of(values, "val") not in _OFF
        elif tag == "tab" and not self._in_run_format:
            self._add("\t")
        elif tag in ("br", "cr"):
            self._add("\n")
        elif tag == "noBreakHyphen":
            self._add("-")

    def end(self, tag: str) -> None:
        if self._aside:
            self._aside -= 1
        elif tag == "t":
            self._in_text -= 1
        elif tag == "rPr":
            self._in_run_format -= 1
        elif tag == "p":
            self._add("\n")
        elif tag == "r":
            run = self._sinks.pop()
            if not self._hidden.pop():
                self._sinks[-1] += run
        elif tag == "tc":
            self._add(" ".join("".join(self._sinks.pop()).split()))
            self._add(" | ")
        elif tag == "tr":
            self._add("".join(self._sinks.pop()).removesuffix(" | ").rstrip())
            self._add("\n")

    def text(self, text: str) -> None:
        if self._in_text and not self._aside:
            self._add(text)

    def all(self) -> str:
        """All of it, or when reading stopped midway, what there was."""
        return "".join(piece for sink in self._sinks for piece in sink)

    def _add(self, text: str) -> None:
        self._sinks[-1].append(text)
        self._length += len(text)
        if self._length > self._pages.room + _BLANKS:
            raise EnoughError
