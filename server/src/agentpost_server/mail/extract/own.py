"""Which tokens of a page are history: decided as new words are, but that a signature is its sender's own."""

from typing import NamedTuple

from agentpost_server.mail.extract.history import decide
from agentpost_server.mail.extract.markup import MAX_LINES, fates, marks_of
from agentpost_server.mail.extract.text import MAX_CHARACTERS
from agentpost_server.mail.extract.text import MAX_LINES as MAX_TEXT_LINES
from agentpost_server.mail.html.body import HtmlBody
from agentpost_server.mail.html.layout import Layout


class Own(NamedTuple):
    """`dropped[i]`: token i shows history."""

    dropped: list[bool]
    layout: Layout
    keep: list[bool]

    def quoted_lines(self, index: int) -> list[bool]:
        """Of a text token that stands on several lines: which of them are history."""
        span = self.layout.spans[index]
        return [] if span is None or not self.keep else [not kept for kept in self.keep[span[0] : span[1] + 1]]


def own_tokens(body: HtmlBody) -> Own:
    """Linear in the page; one with more lines than a person writes is all its sender's own."""
    page, layout = body.page, body.layout
    if len(layout.lines) > MAX_LINES:
        return Own([False] * len(page.tokens), layout, [])
    own = decide([line.words for line in layout.lines], marks_of(page, layout)).own
    if all(own):
        return Own([False] * len(page.tokens), layout, [])
    _, dropped = fates(page, layout, own)
    return Own([bool(one) for one in dropped], layout, own)


def own_lines(lines: list[str]) -> list[bool]:
    """Of plain text: which lines are its sender's own."""
    if len(lines) > MAX_TEXT_LINES or sum(map(len, lines)) > MAX_CHARACTERS:
        return [True] * len(lines)
    return decide(lines).own
