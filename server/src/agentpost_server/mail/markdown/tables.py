"""Tables: which hold data and which only lay a letter out, and rows of cells as Markdown.

A layout table has other tables in it, one column, or long or built-up cells; its cells then read one after the other.
"""

import re
from typing import Final

from agentpost_server.mail.html.tokens import Kind, Page, Token, attributes_of

_MAX_COLUMNS: Final = 30
_MAX_CELL: Final = 600
_BUILT_UP: Final = frozenset(("table", "ul", "ol", "blockquote", "pre", "hr", "form", "h1", "h2"))
_SPAN: Final = re.compile(r"\s*(\d{1,2})")


class _Survey:
    """What one table was seen to have."""

    def __init__(self, index: int, end: int, plain: bool) -> None:
        self.index = index
        self.end = end
        self.plain = plain
        self.headed = False
        self.rows: list[int] = []
        self.characters = 0

    def holds_data(self) -> bool:
        columns = {count for count in self.rows if count}
        if not self.plain or len(self.rows) < 2 or not columns or max(columns) > _MAX_COLUMNS:
            return False
        return max(columns) > 1 and (self.headed or len(columns) == 1)


def data_tables(page: Page) -> set[int]:
    """The tokens that open a table of data."""
    found: set[int] = set()
    stack: list[_Survey] = []
    for index, token in enumerate(page.tokens):
        while stack and stack[-1].end <= index:
            _judge(stack.pop(), found)
        if token.kind == Kind.OPEN and token.name == "table":
            if stack:
                stack[-1].plain = False
            stack.append(_Survey(index, page.ends[index], _is_plain(token)))
        elif stack:
            _survey(stack[-1], token)
    while stack:
        _judge(stack.pop(), found)
    return found


def _judge(survey: _Survey, found: set[int]) -> None:
    if survey.holds_data():
        found.add(survey.index)


def _is_plain(token: Token) -> bool:
    return "role" not in token.attributes.lower() or attributes_of(token).get("role", "").lower() not in (
        "presentation",
        "none",
    )


def _survey(survey: _Survey, token: Token) -> None:
    if token.kind == Kind.TEXT:
        survey.characters += token.end - token.start
        survey.plain = survey.plain and survey.characters <= _MAX_CELL
    elif token.kind in (Kind.OPEN, Kind.EMPTY):
        if token.name == "tr":
            survey.rows.append(0)
        elif token.name in ("td", "th"):
            survey.characters = 0
            survey.headed = survey.headed or token.name == "th"
            if survey.rows:
                survey.rows[-1] += span_of(token, "colspan")
        elif token.name in _BUILT_UP:
            survey.plain = False


def span_of(token: Token, name: str) -> int:
    """How many columns or rows a cell takes: 1 to 30."""
    if name not in token.attributes.lower():
        return 1
    match = _SPAN.match(attributes_of(token).get(name, ""))
    return min(max(int(match[1]), 1), _MAX_COLUMNS) if match is not None else 1


class Table:
    """Rows as they are read. A cell that spans rows or columns leaves the others of its span empty."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.quoted = False
        self._below: dict[int, int] = {}

    def start_row(self) -> None:
        self.rows.append([])

    def add(self, text: str, token: Token, quoted: bool) -> None:
        if not self.rows:
            self.start_row()
        row = self.rows[-1]
        self._skip(row)
        self.quoted = self.quoted or (quoted and bool(text))
        down = span_of(token, "rowspan") - 1
        for number in range(span_of(token, "colspan")):
            if down and len(row) < _MAX_COLUMNS:
                self._below[len(row)] = down
            if len(row) < _MAX_COLUMNS or text:
                row.append("" if number else text.replace("|", "\\|"))

    def _skip(self, row: list[str]) -> None:
        """Leave room for the cells of rows above that reach down to here."""
        while (left := self._below.get(len(row), 0)) > 0:
            self._below[len(row)] = left - 1
            row.append("")

    def lines(self) -> list[str]:
        """As Markdown: the first row is the head, as the format wants one."""
        rows = [row for row in self.rows if any(row)]
        width = max(map(len, rows), default=0)
        made = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in rows]
        return [made[0], f"|{' --- |' * width}", *made[1:]] if made else []
