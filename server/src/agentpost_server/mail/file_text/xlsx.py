"""Workbooks: a page a sheet, a line a row, cells between tabs, as they were last computed; no formula is computed.
A sheet that Excel does not show says so in its first line."""

from typing import Final

from agentpost_server.mail.file_text.cells import Formats, shown
from agentpost_server.mail.file_text.package import Package, read_xml
from agentpost_server.mail.file_text.pages import EnoughError, Pages

_LOOK_EVERY: Final = 4_096
# Cells far apart are a trick or a mistake; so many tabs stand for any distance.
_MOST_TABS: Final = 50
_MOST_STRINGS: Final = 2_000_000


def read_xlsx(content: bytes, pages: Pages) -> int:
    """Answers how many sheets there are."""
    package = Package(content)
    main = package.main()
    targets = package.targets(main)
    parts = {kind: target for kind, target in targets.values() if kind in ("sharedStrings", "styles")}
    sheets, formats = _sheets(package, main, targets)
    if package.has(parts.get("styles", "")):
        read_xml(package.pieces(parts["styles"]), formats.start)
    strings: list[str] = []
    try:
        if package.has(parts.get("sharedStrings", "")):
            strings = _strings(package, parts["sharedStrings"], pages)
        for title, part in sheets:
            if pages.is_full():
                break
            pages.add("\n".join([title, *_rows(package, part, strings, formats, pages)]))
    except EnoughError:
        pages.truncated = True
    return len(sheets)


def _sheets(package: Package, main: str, targets: dict[str, tuple[str, str]]) -> tuple[list[tuple[str, str]], Formats]:
    """(first line, part) of each sheet in order, and how the workbook counts days."""
    found: list[tuple[str, str]] = []
    formats = Formats()

    def start(tag: str, values: dict[str, str]) -> None:
        if tag == "workbookPr" and values.get("date1904") in ("1", "true"):
            formats.from_1904 = True
        if tag == "sheet":
            _, part = targets.get(next((value for key, value in values.items() if key.endswith(" id")), ""), ("", ""))
            hidden = " (hidden)" if values.get("state", "visible") != "visible" else ""
            found.append((f"Sheet: {values.get('name', '')}{hidden}", part))

    read_xml(package.pieces(main), start)
    return found, formats


def _strings(package: Package, part: str, pages: Pages) -> list[str]:
    """The texts that cells refer to by number, without the readings of Japanese (`rPh`)."""
    found: list[str] = []
    words: list[str] = []
    state = {"t": 0, "rPh": 0}

    def start(tag: str, _: dict[str, str]) -> None:
        if tag in state:
            state[tag] += 1
        elif tag == "si":
            words.clear()

    def end(tag: str) -> None:
        if tag in state:
            state[tag] -= 1
        elif tag == "si":
            found.append("".join(words))
            if len(found) > _MOST_STRINGS or (not len(found) % _LOOK_EVERY and pages.is_late()):
                raise EnoughError

    read_xml(package.pieces(part), start, end, lambda text: words.append(text) if _reads(state) else None)
    return found


def _reads(state: dict[str, int]) -> bool:
    return state["t"] > 0 and not state["rPh"]


def _rows(package: Package, part: str, strings: list[str], formats: Formats, pages: Pages) -> list[str]:
    if not package.has(part):
        return []
    sheet = _Sheet(strings, formats, pages)
    try:
        read_xml(package.pieces(part), sheet.start, sheet.end, sheet.text)
    except EnoughError:
        pages.truncated = True
    return sheet.rows


class _Sheet:
    """One sheet as its XML comes by."""

    def __init__(self, strings: list[str], formats: Formats, pages: Pages) -> None:
        self.rows: list[str] = []
        self._strings, self._formats, self._pages = strings, formats, pages
        self._row: list[str] = []
        self._column = 0
        self._kind = self._style = ""
        self._words: list[str] = []
        self._in_value = 0
        self._in_cell = False
        self._length = self._cells = 0

    def start(self, tag: str, values: dict[str, str]) -> None:
        if tag == "row":
            self._row, self._column = [], 0
        elif tag == "c":
            self._in_cell = True
            self._kind, self._style = values.get("t", "n"), values.get("s", "0")
            self._words = []
            self._go_to(_column(values.get("r", "")) or self._column + 1)
        elif tag in ("v", "t") and self._in_cell:
            self._in_value += 1

    def end(self, tag: str) -> None:
        if tag in ("v", "t") and self._in_cell:
            self._in_value -= 1
        elif tag == "c":
            self._in_cell, self._in_value = False, 0
            self._end_cell()
        elif tag == "row" and (line := "".join(self._row).rstrip("\t")):
            self.rows.append(line)

    def text(self, text: str) -> None:
        if self._in_value:
            self._words.append(text)

    def _go_to(self, column: int) -> None:
        if self._row:
            self._row.append("\t" * max(1, min(column - self._column, _MOST_TABS)))
        else:
            self._row.append("\t" * min(max(column - 1, 0), _MOST_TABS))
        self._column = column

    def _end_cell(self) -> None:
        said = "".join(self._words)
        if self._kind == "s":
            said = self._strings[int(said)] if said.isdigit() and int(said) < len(self._strings) else ""
        elif self._kind == "b":
            said = "TRUE" if said == "1" else "FALSE"
        elif self._kind == "n":
            said = shown(said, self._style, self._formats)
        self._row.append(" ".join(said.split()))
        self._length += len(self._row[-1]) + 1
        self._cells += 1
        late = not self._cells % _LOOK_EVERY and self._pages.is_late()
        if late or self._length > self._pages.room:
            self.rows.append("".join(self._row))
            raise EnoughError


def _column(reference: str) -> int:
    """`AB12` is in column 28; 0 when the reference names none."""
    column = 0
    for letter in reference[:4]:
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - 64
    return column
