"""Finds what is hidden in both bodies: one list, in the order of the source, bounded."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from agentpost_server.mail.hidden.characters import unseen, visible_text
from agentpost_server.mail.hidden.model import Hidden, Way, Where
from agentpost_server.mail.html.body import HtmlBody
from agentpost_server.mail.html.tokens import Kind, Page, Token, strip_tags, text_of

_PIECES: Final = 500
_INLINE: Final = frozenset("a abbr b big code em font i kbd mark q s small span strike strong sub sup tt u wbr".split())
_STYLES: Final = re.compile(r"<(style|script)\b.*?(?:</\1|\Z)", re.DOTALL | re.IGNORECASE)
_CONDITION: Final = re.compile(r"(?:<!)?\[(?:if|end)[^\[\]]{0,200}\]>?")
_WORD: Final = re.compile(r"[^\W_]+")
_WORDS_THAT_SPEAK: Final = 4


def find_hidden(html: str | HtmlBody | None, text: str | None = None) -> tuple[Hidden, ...]:
    """What both bodies say and do not show. Total, in time linear in their length.

    At most 500 pieces that speak and 500 that do not are told. HTML with more markup than is looked through is one
    piece, `unread`.
    """
    body = HtmlBody(html) if isinstance(html, str) else html
    found = [*_in_html(body)] if body is not None and body.source else []
    if text:
        found += hidden_characters(text, "text_body")
    return _bounded(found)


def hidden_characters(text: str, where: Where) -> tuple[Hidden, ...]:
    """The characters in plain text, of any field, that nobody sees."""
    return _bounded(_of_characters(text, where, 0, None))


def is_hiding(found: Iterable[Hidden]) -> bool:
    """Whether something speaks to a program that a person does not see: what sets the flag `hidden_text`."""
    return any(one.speaks for one in found)


def _bounded(found: Iterable[Hidden]) -> tuple[Hidden, ...]:
    room = {True: _PIECES, False: _PIECES}
    kept: list[Hidden] = []
    for one in found:
        room[one.speaks] -= 1
        if room[one.speaks] >= 0:
            kept.append(one)
    return tuple(kept)


def _in_html(body: HtmlBody) -> Iterator[Hidden]:
    unread = Hidden(where="html_body", way="unread", start=0, end=len(body.source), text="", speaks=True)
    if body.is_too_large:
        yield unread
        return
    page, hiding = body.page, body.hiding
    if hiding.spent:
        yield unread
    run = _Run(page)
    for index, token in enumerate(page.tokens):
        if token.kind == Kind.TEXT:
            text = text_of(page.source[token.start : token.end])
            if (way := hiding.ways.get(index)) is not None:
                yield from run.add(way, token, text)
            elif text.strip():
                yield from run.end()
            if not text.isascii():
                yield from _of_characters(text, "html_body", token.start, token.end)
        elif token.kind == Kind.SKIP:
            yield from _unshown(page, token)
        elif token.name not in _INLINE:
            run.part()
    yield from run.end()


class _Run:
    """Words that are hidden in the same way, with nothing seen between them."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._way: Way | None = None
        self._start = self._end = 0
        self._texts: list[str] = []

    def add(self, way: Way, token: Token, text: str) -> Iterator[Hidden]:
        if self._way is not None and self._way != way:
            yield from self.end()
        if self._way is None:
            self._way, self._start = way, token.start
        self._end = token.end
        self._texts.append(text)

    def part(self) -> None:
        """A tag that separates words."""
        if self._texts:
            self._texts.append(" ")

    def end(self) -> Iterator[Hidden]:
        if self._way is None:
            return
        text = _folded("".join(self._texts))
        if text:
            yield Hidden(
                where="html_body",
                way=self._way,
                start=self._start,
                end=self._end,
                text=text,
                speaks=_WORD.search(text) is not None,
            )
        self._way, self._texts = None, []


def _unshown(page: Page, token: Token) -> Iterator[Hidden]:
    """Comments, and elements whose content stands in no letter. Styles and scripts are no words."""
    if token.name in ("style", "script"):
        return
    source = page.source[token.start : token.end]
    way: Way = "comment"
    if token.name:
        way = "title" if token.name == "title" else "embedded"
        inside = source.partition(">")[2].rpartition("</")[0]
    elif source.startswith("<!--"):
        inside = _CONDITION.sub(" ", source[4:].removesuffix("-->"))
    else:
        return
    if "<" in inside:
        inside = strip_tags(_STYLES.sub(" ", inside))
    text = _folded(text_of(inside).strip("<>!-"))
    if _WORD.search(text) is not None:
        speaks = way == "embedded" or (way == "comment" and len(_WORD.findall(text)) >= _WORDS_THAT_SPEAK)
        yield Hidden(where="html_body", way=way, start=token.start, end=token.end, text=text, speaks=speaks)


def _of_characters(text: str, where: Where, start: int, end: int | None) -> Iterator[Hidden]:
    """`end`: where references make places inexact, the place is that of the whole piece. Fillers are told as one."""
    silent: dict[Way, list[tuple[int, int]]] = {}
    for one in unseen(text):
        first = start if end is not None else one.start
        last = one.end if end is None else end
        if one.speaks or one.text:
            yield Hidden(where=where, way=one.way, start=first, end=last, text=one.text, speaks=one.speaks)
        else:
            silent.setdefault(one.way, []).append((first, last))
    for way, places in silent.items():
        yield Hidden(where=where, way=way, start=places[0][0], end=places[-1][1], text="", speaks=False)


def _folded(text: str) -> str:
    return " ".join(visible_text(text).split())
