"""Markdown of an HTML page: one walk down its tokens, without a tree. What a reader does not see is left out.

Each line knows whether it is the sender's own or history (`quoted`), as `mail.extract` decides it for the same page.
"""

import re
from typing import Final

from agentpost_server.mail.extract.own import Own
from agentpost_server.mail.html.body import HtmlBody
from agentpost_server.mail.html.tokens import Kind, Token, text_of
from agentpost_server.mail.markdown import inline
from agentpost_server.mail.markdown.lines import Lines
from agentpost_server.mail.markdown.paragraph import Paragraph
from agentpost_server.mail.markdown.tables import Table, data_tables

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_APART: Final = frozenset(("p", "ul", "ol", "dl", "blockquote", "pre", "table", *_HEADINGS))
_BLOCKS: Final = _APART.union(
    """div section article header footer main aside nav address center body form fieldset figure figcaption details
    summary option tr caption thead tbody tfoot li dt dd""".split()
)
_MARKS: Final = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~", "s": "~~", "strike": "~~"}
_CODE: Final = frozenset(("code", "kbd", "samp", "tt"))
_WRAPPED: Final = re.compile(r"white-space\s*+:\s*+(?:pre|break-spaces)", re.IGNORECASE)
_NEAR: Final = 12
_MAX_PRE: Final = 400_000


class Writer:
    """The walk. `closing` holds what must be done where open elements end, innermost last."""

    def __init__(self, body: HtmlBody, own: Own) -> None:
        self.page = body.page
        self.hidden = body.hiding.ways
        self.own = own
        self.lines = Lines()
        self.words = Paragraph()
        self.tables = data_tables(body.page)
        self.closing: list[tuple[int, Token]] = []
        self.lists: list[int] = []
        self.table: Table | None = None
        self.cell: Token | None = None
        self.pre_until = self.wrap_until = 0
        self.pre: list[tuple[str, bool]] = []
        self.quoted = False

    def run(self) -> list[tuple[str, bool]]:
        hidden = self.hidden
        for index, token in enumerate(self.page.tokens):
            while self.closing and self.closing[-1][0] <= index:
                self.leave(self.closing.pop()[1])
            if token.kind in (Kind.SKIP, Kind.CLOSE) or index in hidden:
                continue
            if token.kind == Kind.TEXT:
                self.text(index, token)
            elif token.kind == Kind.EMPTY:
                self.empty(index, token)
            else:
                self.enter(index, token)
        while self.closing:
            self.leave(self.closing.pop()[1])
        self.flush()
        return self.lines.written

    def text(self, index: int, token: Token) -> None:
        raw = self.page.source[token.start : token.end]
        if index < self.pre_until:
            self.preformatted(index, raw)
            return
        text = inline.clean(text_of(raw))
        if not text.strip():
            self.words.add(text)
            return
        self.turn(self.own.dropped[index])
        pieces = text.split("\n") if index < self.wrap_until else [text]
        for number, piece in enumerate(pieces):
            if number:
                self.words.break_line()
            self.words.add(piece)

    def preformatted(self, index: int, raw: str) -> None:
        quoted, dropped = self.own.quoted_lines(index), self.own.dropped[index]
        for number, piece in enumerate(raw.split("\n")):
            fate = quoted[number] if number < len(quoted) else dropped
            if number:
                self.pre.append(("\n", fate))
            self.pre.append((inline.clean(text_of(piece)), fate))

    def turn(self, quoted: bool) -> None:
        """What comes is history, or is not: no line is both."""
        if quoted != self.quoted:
            if self.table is None:
                self.flush()
            self.quoted = quoted

    def empty(self, index: int, token: Token) -> None:
        if token.name == "br" and index < self.pre_until:
            self.pre.append(("\n", self.own.dropped[index]))
        elif token.name == "br":
            self.words.break_line()
        elif token.name == "hr" and self.table is None:
            self.block(2)
            self.turn(self.own.dropped[index])
            self.lines.add("---", self.quoted)
            self.lines.part(2)
        elif token.name == "img" and (shown := inline.picture(self.page.attributes_of(token), linked=self.words.links)):
            self.turn(self.own.dropped[index])
            self.words.insert(shown)

    def enter(self, index: int, token: Token) -> None:
        name, end = token.name, self.page.ends[index]
        if "white-space" in token.attributes and _WRAPPED.search(self.page.attributes_of(token).get("style", "")):
            self.wrap_until = max(self.wrap_until, end)
        if name in _BLOCKS:
            self.enter_block(index, token)
        elif name in ("td", "th"):
            self.enter_cell(token)
        elif name == "a":
            self.words.start_link(inline.target(self.page.attributes_of(token).get("href", "")))
        elif name in _MARKS and self.words.level == 0:
            self.words.mark(_MARKS[name])
        elif name in _CODE:
            self.words.start_code()
        else:
            return
        self.closing.append((end, token))

    def enter_block(self, index: int, token: Token) -> None:
        name = token.name
        if self.table is not None:
            if name == "tr":
                self.table.start_row()
            self.words.break_line()
            return
        self.block(2 if name in _APART and not self.lists else 1)
        if name in ("ul", "ol"):
            start = self.page.attributes_of(token).get("start", "1") if name == "ol" else ""
            self.lists.append(int(start) - 1 if start.isdecimal() and len(start) < 6 else 0 if name == "ol" else -1)
        elif name == "li":
            self.end_item()
            self.lines.enter_item(self.marker())
        elif name == "blockquote":
            self.lines.enter_quote()
        elif name == "pre":
            self.pre_until = max(self.pre_until, self.page.ends[index])
        elif name == "table" and index in self.tables:
            self.table = Table()
        elif name in _HEADINGS:
            self.words.level = _HEADINGS[name]

    def end_item(self) -> None:
        """An item that was not closed ends where the next one of its list begins."""
        names = [token.name for _, token in self.closing[-_NEAR:]]
        outer = max((at for at, name in enumerate(names) if name in ("ul", "ol", "table")), default=-1)
        if "li" in names[outer + 1 :]:
            for _ in range(len(names) - outer - 1 - names[outer + 1 :].index("li")):
                self.leave(self.closing.pop()[1])

    def marker(self) -> str:
        if self.lists and self.lists[-1] >= 0:
            self.lists[-1] += 1
            return f"{self.lists[-1]}. "
        return "- "

    def enter_cell(self, token: Token) -> None:
        if self.table is not None:
            self.words.take()
            self.cell = token
        else:
            # A row of short cells reads best on one line.
            self.words.divide()

    def leave(self, token: Token) -> None:
        name = token.name
        if name in ("td", "th"):
            self.leave_cell()
        elif name == "a":
            self.words.end_link()
        elif name in _MARKS:
            self.words.unmark(_MARKS[name])
        elif name in _CODE:
            self.words.end_code()
        elif self.table is None or name == "table":
            self.leave_block(name)

    def leave_cell(self) -> None:
        if self.table is not None and self.cell is not None:
            self.table.add(" ".join(self.words.take()), self.cell, self.quoted)
            self.cell = None

    def leave_block(self, name: str) -> None:
        if name == "pre":
            self.end_pre()
        if name == "table" and self.table is not None:
            self.end_table()
        inside = len(self.lists) > (name in ("ul", "ol"))
        self.block(2 if name in _APART and not inside else 1)
        if name in ("li", "blockquote"):
            self.lines.leave()
        elif name in ("ul", "ol") and self.lists:
            self.lists.pop()
            self.lines.part(1 if self.lists else 2)
        elif name in _HEADINGS:
            self.words.level = 0

    def end_pre(self) -> None:
        """Code in a fence; what holds history is text of a mail that was put in one as a whole."""
        text = "".join(piece for piece, _ in self.pre)[:_MAX_PRE].expandtabs(4).strip("\n")
        rows: list[tuple[str, bool]] = [("", False)]
        for piece, quoted in self.pre:
            if piece == "\n":
                rows.append(("", quoted))
            else:
                rows[-1] = (rows[-1][0] + piece, quoted)
        mixed = any(quoted for _, quoted in rows)
        self.pre, self.pre_until = [], 0
        if not text.strip():
            return
        if mixed:
            for row, quoted in rows:
                self.lines.add(inline.defuse(row.rstrip()), quoted)
            return
        fence = inline.fence_for(text)
        for row in (fence, *text.split("\n"), fence):
            self.lines.add(row, quoted=False)

    def end_table(self) -> None:
        table, self.table, self.cell = self.table, None, None
        self.words.take()
        for row in table.lines() if table is not None else ():
            self.lines.add(row, table is not None and table.quoted)

    def block(self, lines: int) -> None:
        """End the paragraph; so many line breaks before the next."""
        self.flush()
        self.lines.part(lines)

    def flush(self) -> None:
        level = self.words.level
        if self.table is not None:
            return
        written = self.words.take()
        if level and written:
            written = [f"{'#' * level} {' '.join(written)}"]
        for line in written:
            self.lines.add(line, self.quoted)
