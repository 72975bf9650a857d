"""New words of an HTML body: the same decision as for text, on the lines a reader sees, carried back to the source.

What is kept is kept byte for byte, so the result is as trustworthy as the input was: whoever shows it sanitises it.
"""

import re
from bisect import bisect_left
from itertools import accumulate

from agentpost_server.mail.extract.history import Mark, decide
from agentpost_server.mail.html.body import HtmlBody
from agentpost_server.mail.html.layout import Layout
from agentpost_server.mail.html.tokens import Kind, Page, Token

MAX_LINES = 30_000
_TELLING = re.compile(r"class|id|style|type|name", re.IGNORECASE)
_CLASSES: dict[str, Mark] = {
    "gmail_attr": Mark.ATTRIBUTION,
    "moz-cite-prefix": Mark.ATTRIBUTION,
    "yahoo_quoted": Mark.QUOTED,
    "zmail_extra": Mark.QUOTED_IF,
    "moz-forward-container": Mark.FORWARD,
    "moz-email-headers-table": Mark.FORWARD,
    "outlookmessageheader": Mark.HISTORY,
    "ms-outlook-mobile-reference-message": Mark.HISTORY,
    "gmail_signature": Mark.SIGNATURE,
    "gmail_signature_prefix": Mark.SIGNATURE,
    "moz-signature": Mark.SIGNATURE,
    "protonmail_signature_block": Mark.SIGNATURE,
}
_IDS: dict[str, Mark] = {
    "divrplyfwdmsg": Mark.HISTORY,
    "mail-editor-reference-message-container": Mark.HISTORY,
    "olk_src_body_section": Mark.HISTORY,
    "stopspelling": Mark.HISTORY,
    "zwchr": Mark.HISTORY,
    "appendonsend": Mark.BLOCK,
    "reply-intro": Mark.ATTRIBUTION,
    "signature": Mark.SIGNATURE,
    "ms-outlook-mobile-signature": Mark.SIGNATURE,
    "applemailsignature": Mark.SIGNATURE,
    "applelinkmailsignature": Mark.SIGNATURE,
}
_POINTS = frozenset({Mark.HISTORY, Mark.FORWARD, Mark.BLOCK})
_QUOTE_CLASSES = frozenset({"gmail_quote", "protonmail_quote", "tutanota_quote", "yahoo_quoted", "moz-quote"})
# Outlook and Windows Mail draw a rule above the header block, written in many ways; the block itself is the proof.
_BORDER_TOP = re.compile(r"border-top(?:-style)?\s*+:[^;]{0,60}?solid", re.IGNORECASE)


def extract_html(html: str) -> str:
    """`html` without the elements that hold history or signature; as it is when nothing is found or it is too large."""
    return new_html(HtmlBody(html))


def new_html(body: HtmlBody) -> str:
    """See `extract_html`."""
    if body.is_too_large or len(body.layout.lines) > MAX_LINES:
        return body.source
    page, layout = body.page, body.layout
    verdict = decide([line.words for line in layout.lines], marks_of(page, layout))
    return _without(page, layout, verdict.keep) if verdict.changed else body.source


def marks_of(page: Page, layout: Layout) -> list[Mark]:
    """What the markup of the clients says of each line."""
    firsts = [line.first for line in layout.lines]
    marks = [Mark.NONE] * len(layout.lines)
    sure_until = maybe_until = 0
    for index, token in enumerate(page.tokens):
        if token.kind not in (Kind.OPEN, Kind.EMPTY):
            continue
        mark = _mark_of(page, token)
        if mark == Mark.NONE:
            continue
        start = bisect_left(firsts, index)
        stop = bisect_left(firsts, page.ends[index])
        if mark in _POINTS:
            _point(layout, marks, start, mark)
            continue
        # The outermost mark wins, and a sure one over a doubtful one: each line is written twice at most.
        if mark == Mark.QUOTED_IF:
            start, maybe_until = max(start, sure_until, maybe_until), max(stop, maybe_until)
        else:
            start, sure_until = max(start, sure_until), max(stop, sure_until)
        marks[start:stop] = [mark] * (stop - start)
    return marks


def _point(layout: Layout, marks: list[Mark], start: int, mark: Mark) -> None:
    """A mark that opens something goes on the first line with words behind it."""
    for line in range(start, min(start + 4, len(marks))):
        if layout.lines[line].words:
            if marks[line] == Mark.NONE:
                marks[line] = mark
            return


def _mark_of(page: Page, token: Token) -> Mark:
    if token.name == "blockquote":
        attributes = page.attributes_of(token)
        cited = attributes.get("type", "").lower() == "cite" or not _QUOTE_CLASSES.isdisjoint(
            attributes.get("class", "").lower().split()
        )
        return Mark.QUOTED if cited else Mark.QUOTED_IF
    if not token.attributes or not _TELLING.search(token.attributes[:400]):
        return Mark.NONE
    attributes = page.attributes_of(token)
    for name in attributes.get("class", "").lower().split()[:20]:
        if name in _CLASSES:
            return _CLASSES[name]
    identity = (attributes.get("id") or attributes.get("name") or "").lower()
    if identity in _IDS:
        return _IDS[identity]
    if identity.startswith("yahoo_quoted"):
        return Mark.QUOTED
    return Mark.BLOCK if _BORDER_TOP.search(attributes.get("style", "")) else Mark.NONE


def _without(page: Page, layout: Layout, keep: list[bool]) -> str:
    kept, dropped = fates(page, layout, keep)
    kept_before = list(accumulate(kept, initial=0))
    dropped_before = list(accumulate(dropped, initial=0))
    if not kept_before[-1]:
        return ""
    pieces: list[str] = []
    index, count = 0, len(page.tokens)
    while index < count:
        token, end = page.tokens[index], page.ends[index]
        if token.kind == Kind.OPEN:
            inside = dropped_before[end] - dropped_before[index]
            if inside and kept_before[end] == kept_before[index]:
                index = _after(page, index)
                continue
        elif token.kind != Kind.CLOSE and dropped[index]:
            index += 1
            continue
        pieces.append(_source_of(page, layout, keep, index))
        index += 1
    return "".join(pieces).strip()


def _after(page: Page, opened: int) -> int:
    """Where to go on behind an element: past its own end tag, but not past one that closed it implicitly."""
    end = page.ends[opened]
    if end < len(page.tokens) and page.tokens[end].name == page.tokens[opened].name:
        return end + 1
    return end


def fates(page: Page, layout: Layout, keep: list[bool]) -> tuple[list[int], list[int]]:
    """Per token 1 or 0: it shows something that is kept; it is dropped. What shows nothing follows what is above."""
    kept, dropped = [0] * len(page.tokens), [0] * len(page.tokens)
    falling = 0
    for index, token in enumerate(page.tokens):
        if token.kind in (Kind.OPEN, Kind.CLOSE):
            continue
        span = layout.spans[index]
        if span is not None:
            falling = 0 if any(keep[span[0] : span[1] + 1]) else 1
            kept[index] = int(not falling and (token.kind == Kind.EMPTY or not _blank(layout, span)))
        elif token.name == "img" and not falling:
            kept[index] = 1
        dropped[index] = falling
    return kept, dropped


def _blank(layout: Layout, span: tuple[int, int]) -> bool:
    return not any(layout.lines[line].words for line in range(span[0], min(span[1] + 1, len(layout.lines))))


def _source_of(page: Page, layout: Layout, keep: list[bool], index: int) -> str:
    token, span = page.tokens[index], layout.spans[index]
    source = page.source[token.start : token.end]
    if span is None or span[0] == span[1] or all(keep[span[0] : span[1] + 1]):
        return source
    pieces = source.split("\n")
    return "\n".join(piece for piece, kept in zip(pieces, keep[span[0] : span[1] + 1], strict=False) if kept)
