"""The lines of one body that are searched: new words only, bounded, each folded once, with the links in it apart."""

import re
from typing import Final, NamedTuple

from agentpost_server.mail.codes import fold
from agentpost_server.mail.codes.model import Where
from agentpost_server.mail.extract import extract_html, extract_text
from agentpost_server.mail.html import html_to_text

MOST_TEXT: Final = 60_000
MOST_HTML: Final = 400_000
MOST_LINES: Final = 1500
MOST_LINE: Final = 4000
_MOST_SHOWN: Final = 1500
_URL: Final = re.compile(r"<(https?://[^\s<>]{1,2048})>|\(?(https?://[!-;=?-~\w][!-;=?-~]{0,2048})", re.IGNORECASE)
_BARE_ENDS: Final = ".,;:!?'\"*_|"


class Link(NamedTuple):
    """`url` is exact; `start` and `end` are its place in the line, brackets included."""

    url: str
    start: int
    end: int


class Line(NamedTuple):
    """`shown` and `low` have the same length; links are blanked in both."""

    shown: str
    low: str
    links: tuple[Link, ...]


class Part(NamedTuple):
    where: Where
    lines: list[Line]


def parts_of(subject: str, text: str | None, html: str | None) -> list[Part]:
    """The subject and the bodies, text first, without history and signatures."""
    found = [Part("subject", _lines(subject[:_MOST_SHOWN]))]
    if text is not None:
        found.append(Part("text_body", _lines(extract_text(text[:MOST_TEXT]))))
    if html is not None:
        found.append(Part("html_body", _lines(html_to_text(extract_html(html[:MOST_HTML]))[:MOST_TEXT])))
    return found


def _lines(text: str) -> list[Line]:
    lines: list[Line] = []
    for source in text.splitlines():
        for start in range(0, len(source), MOST_LINE):
            if source.strip():
                lines.append(_line(fold.visible(source[start : start + MOST_LINE])))
            if len(lines) >= MOST_LINES:
                return lines
    return lines


def _line(source: str) -> Line:
    links: list[Link] = []
    pieces: list[str] = []
    length = last = 0
    for match in _URL.finditer(source):
        url = match[1] or _bare(match[2])
        start = match.start() if match[1] else match.start(2)
        end = match.end() if match[1] else start + len(url)
        before = fold.shown(source[last:start])
        pieces += [before, " "]
        length += len(before)
        links.append(Link(url, length, length + 1))
        length += 1
        last = end
    pieces.append(fold.shown(source[last:]))
    shown = "".join(pieces)[:_MOST_SHOWN].replace("\x01", " ")
    return Line(shown, fold.low(shown), tuple(links))


def _bare(url: str) -> str:
    """Without the punctuation of the sentence that it ends, and a bracket that it did not open."""
    while url:
        if url[-1] in _BARE_ENDS or (url[-1] in ")]}" and url.count(url[-1]) > url.count("([{"[")]}".index(url[-1])])):
            url = url[:-1]
        else:
            break
    return url
