"""The lines that a reader of the HTML would see: each as bare words, and rendered with links, bullets and quote marks.

Hidden elements are left out: text that a person cannot see must not reach an agent as if a person had written it there.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from agentpost_server.mail.html.css import Way
from agentpost_server.mail.html.tokens import Kind, Page, Token, text_of

_PARAGRAPHS = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "pre"))
_SECTIONS = ("div", "section", "article", "header", "footer", "main", "aside", "nav", "address", "center", "body")
_FORMS = ("form", "fieldset", "figure", "figcaption", "details", "summary", "option")
_TABLES = ("table", "tr", "caption", "thead", "tbody", "tfoot")
_BLOCKS = _PARAGRAPHS.union(_SECTIONS, _FORMS, _TABLES, ("li", "dt", "dd"))
_PREFORMATTED = re.compile(r"white-space\s*+:\s*+(?:pre|break-spaces)", re.IGNORECASE)
_LINKS = ("http://", "https://", "mailto:", "tel:")
_MAX_LINK = 2000
_MAX_DEPTH = 5
RULE = "-" * 10


class Line(NamedTuple):
    """`words` without decoration, `rendered` with it; `first` is the token that opened the line."""

    words: str
    rendered: str
    first: int


class Layout(NamedTuple):
    """`spans[i]` is the first and last line that token i wrote to, None when it wrote nothing."""

    lines: list[Line]
    spans: list[tuple[int, int] | None]


class _Writer:
    """The line being written, and what stands between it and the next word."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.words: list[str] = []
        self.rendered: list[str] = []
        self.first = 0
        self.breaks = 0
        self.space = False
        self.cell_start = False
        self.quotes = 0
        self.lists: list[int] = []
        self.bullet = ""

    def push(self) -> None:
        depth = min(self.quotes_at_start, _MAX_DEPTH) if self.rendered else 0
        rendered = "> " * depth + "".join(self.rendered)
        self.lines.append(Line("".join(self.words).strip(), rendered.rstrip(), self.first))
        self.words, self.rendered = [], []

    def break_line(self, count: int) -> None:
        if not self.cell_start:
            self.breaks = max(self.breaks, count)
            self.space = False

    def settle(self, token: int) -> None:
        """End the line that is due, and leave the blank lines behind it."""
        if not self.breaks:
            return
        if self.rendered:
            self.push()
        if self.lines and (self.lines[-1].words or self.lines[-1].rendered):
            for _ in range(min(self.breaks, 3) - 1):
                self.lines.append(Line("", "", token))
        self.breaks, self.space = 0, False

    def begin(self, token: int) -> None:
        """Make ready for words of `token`: break the line when one is due, put bullet, cell mark or blank."""
        self.settle(token)
        if not self.rendered:
            self.first = token
            self.quotes_at_start = self.quotes
            if self.bullet:
                self.rendered.append("  " * min(len(self.lists) - 1, _MAX_DEPTH) + self.bullet)
                self.bullet = ""
        elif self.cell_start:
            self.rendered.append(" | ")
            self.words.append(" ")
        elif self.space:
            self.rendered.append(" ")
            self.words.append(" ")
        self.breaks, self.space, self.cell_start = 0, False, False

    quotes_at_start = 0

    def add(self, token: int, words: str, rendered: str | None = None) -> None:
        self.begin(token)
        self.words.append(words)
        self.rendered.append(words if rendered is None else rendered)


def lay_out(page: Page, hidden: Mapping[int, Way]) -> Layout:
    """Lines and spans of a page, without its `hidden` tokens; time linear in its tokens."""
    return _Walk(page, hidden).run()


class _Walk:
    """One pass over the tokens; `open_until` holds the elements whose end still matters, innermost last."""

    def __init__(self, page: Page, hidden: Mapping[int, Way]) -> None:
        self.page = page
        self.out = _Writer()
        self.spans: list[tuple[int, int] | None] = [None] * len(page.tokens)
        self.open_until: list[tuple[int, str, int]] = []
        self.anchor: tuple[int, str, int, int] | None = None
        self.hidden = hidden
        self.pre_until = 0
        self.cell_line = -1

    def run(self) -> Layout:
        for index, token in enumerate(self.page.tokens):
            while self.open_until and self.open_until[-1][0] <= index:
                self.leave(*self.open_until.pop()[1:])
            if token.kind in (Kind.SKIP, Kind.CLOSE) or index in self.hidden:
                continue
            if token.kind == Kind.TEXT:
                self.text(index, token)
            elif token.kind == Kind.EMPTY:
                self.empty(index, token)
            else:
                self.enter(index, token)
        while self.open_until:
            self.leave(*self.open_until.pop()[1:])
        if self.out.rendered:
            self.out.push()
        return Layout(self.out.lines, self.spans)

    def text(self, index: int, token: Token) -> None:
        raw = self.page.source[token.start : token.end]
        text = text_of(raw)
        out = self.out
        if index < self.pre_until:
            self.preformatted(index, raw)
            return
        folded = " ".join(text.split())
        if not folded:
            out.space = out.space or (bool(out.rendered) and not out.breaks)
            return
        out.space = out.space or text[0].isspace()
        out.add(index, folded)
        out.space = text[-1].isspace()
        self.spans[index] = (len(out.lines), len(out.lines))

    def preformatted(self, index: int, raw: str) -> None:
        """Source line by source line, so that a span counts the pieces of `raw.split` one to one."""
        out = self.out
        pieces = raw.split("\n")
        if not raw.strip() and len(pieces) == 1:
            return
        out.begin(index)
        first = len(out.lines)
        for number, piece in enumerate(pieces):
            if number:
                out.push()
                out.first, out.quotes_at_start = index, out.quotes
            text = text_of(piece).rstrip("\r")
            out.words.append(text)
            out.rendered.append(text)
        self.spans[index] = (first, len(out.lines))

    def empty(self, index: int, token: Token) -> None:
        out = self.out
        if token.name == "br":
            out.breaks = min(out.breaks + 1, 3) if not out.cell_start else out.breaks
            out.space = False
        elif token.name == "hr":
            out.break_line(1)
            out.add(index, RULE)
            self.spans[index] = (len(out.lines), len(out.lines))
            out.break_line(1)
        elif token.name == "img" and "alt" in token.attributes.lower():
            attributes = self.page.attributes_of(token)
            alt = " ".join(attributes.get("alt", "").split())[:200]
            if alt:
                out.add(index, "", f"[{alt}]")
                self.spans[index] = (len(out.lines), len(out.lines))

    def enter(self, index: int, token: Token) -> None:
        name, out, end = token.name, self.out, self.page.ends[index]
        href = ""
        if token.attributes:
            href = self.attributes(token, end)
        if name in _BLOCKS:
            self.enter_block(name)
        elif name in ("td", "th"):
            self.enter_cell(index)
        elif name == "a":
            self.end_link()
            if href:
                due = bool(out.breaks and out.rendered)
                self.anchor = (index, href, len(out.lines) + due, 0 if due else len(out.rendered))
        if name == "pre":
            self.pre_until = max(self.pre_until, end)
        if name in _BLOCKS or name in ("td", "th", "a"):
            self.open_until.append((end, name, index))

    def attributes(self, token: Token, end: int) -> str:
        """Note what the attributes preserve; returns the link target of an anchor."""
        lower = token.attributes.lower()
        if "white-space" in lower and _PREFORMATTED.search(self.page.attributes_of(token).get("style", "")):
            self.pre_until = max(self.pre_until, end)
        if token.name == "a" and "href" in lower:
            href = self.page.attributes_of(token).get("href", "").strip()
            if href.lower().startswith(_LINKS) and len(href) <= _MAX_LINK and not any(map(str.isspace, href)):
                return href
        return ""

    def enter_block(self, name: str) -> None:
        out = self.out
        if name in ("tr", "table"):
            out.cell_start = False
            self.cell_line = -1
        out.break_line(self.distance(name))
        if name in ("ul", "ol"):
            out.lists.append(0 if name == "ol" else -1)
        elif name == "li":
            self.start_item()
        elif name == "blockquote":
            out.quotes += 1

    def start_item(self) -> None:
        out = self.out
        if out.lists and out.lists[-1] >= 0:
            out.lists[-1] += 1
            out.bullet = f"{out.lists[-1]}. "
        else:
            out.bullet = "- "

    def enter_cell(self, index: int) -> None:
        """A cell joins the one before it on the same line when that one was a single line of this row."""
        out = self.out
        if out.rendered and self.cell_line == len(out.lines):
            out.breaks = 0
        else:
            out.cell_start = False
            out.break_line(1)
            out.settle(index)
            self.cell_line = len(out.lines)
        out.cell_start = True

    def leave(self, name: str, opened: int) -> None:
        out = self.out
        if name == "a":
            if self.anchor is not None and self.anchor[0] == opened:
                self.end_link()
            return
        if name in ("td", "th"):
            return
        if name == "blockquote":
            out.quotes -= 1
        elif name in ("ul", "ol") and out.lists:
            out.lists.pop()
        elif name in ("tr", "table"):
            out.cell_start = False
            self.cell_line = -1
            out.breaks = min(out.breaks, 1)
        elif name == "li":
            out.bullet = ""
        out.break_line(self.distance(name))

    def distance(self, name: str) -> int:
        """Line breaks around a block: paragraphs stand apart, except in lists."""
        return 2 if name in _PARAGRAPHS and not self.out.lists else 1

    def end_link(self) -> None:
        """Write the target behind the words of the link, unless they say the same."""
        if self.anchor is None:
            return
        _, href, line, mark = self.anchor
        self.anchor = None
        out = self.out
        label = "".join(out.rendered[mark if line == len(out.lines) else 0 :]).strip()
        bare = href.lower().removeprefix("mailto:").removeprefix("tel:")
        if label and label.lower().rstrip("/") not in {bare.rstrip("/"), bare.partition("://")[2].rstrip("/")}:
            out.rendered.append(f" <{href.removeprefix('mailto:')}>")
