"""HTML of strangers, cut down to a shape that any HTML5 parser reads in linear time and memory.

The standard's tree building is not linear: some thousand `<font>` and `<p>` that are never closed make millions of
nodes, and deep nesting costs its square. So known elements are written out anew, well nested and not too deep.
"""

from html import escape
from typing import Final

from agentpost_server.mail.html.text import html_to_text
from agentpost_server.mail.html.tokens import Kind, Token, attributes_of, read, too_large

MAX_DEPTH: Final = 100
MAX_CHARACTERS: Final = 500_000
_VOID: Final = frozenset(("br", "hr", "img", "wbr"))
_KEPT: Final = frozenset(
    """a abbr b bdi bdo big blockquote caption center cite code dd del details div dl dt em font h1 h2 h3 h4 h5 h6 i ins
    kbd li ol p pre q s samp small span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul
    var""".split()
)
_ENDS_WHEN_REPEATED: Final = frozenset(("p", "li", "td", "th", "dd", "dt"))
_ATTRIBUTES: Final = frozenset(
    """href src alt title width height align valign bgcolor color border cellpadding cellspacing colspan rowspan dir
    lang start type face size""".split()
)


def bounded_html(html: str) -> str:
    """The same content in known elements, at most 100 deep, every one closed. Comments, scripts and styles go.

    What has over 500,000 characters, or too much markup to be a letter, becomes its text in `<pre>`. This bounds cost,
    not danger: what comes out still goes through a sanitiser.
    """
    if len(html) > MAX_CHARACTERS or too_large(html):
        return f"<pre>{escape(html_to_text(html)[:MAX_CHARACTERS], quote=False)}</pre>"
    page = read(html)
    writer = _Writer()
    for token in page.tokens:
        if token.kind == Kind.TEXT:
            # References stay as written; only what could be read as a tag after all is escaped.
            writer.pieces.append(page.source[token.start : token.end].replace("<", "&lt;"))
        elif token.kind == Kind.CLOSE:
            writer.close(token.name)
        elif token.kind != Kind.SKIP:
            writer.open(token)
    return writer.finish()


class _Writer:
    """What was written so far; `stack` holds the names of the open elements."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.stack: list[str] = []

    def open(self, token: Token) -> None:
        name = token.name
        if name not in _KEPT and name not in _VOID:
            return
        if self.stack and self.stack[-1] == name and name in _ENDS_WHEN_REPEATED:
            self.close(name)
        if name not in _VOID:
            if len(self.stack) >= MAX_DEPTH:
                return
            self.stack.append(name)
        kept = [f' {k}="{escape(v)}"' for k, v in attributes_of(token).items() if k in _ATTRIBUTES]
        self.pieces.append(f"<{name}{''.join(kept)}>")

    def close(self, name: str) -> None:
        """Close the innermost open element of that name and all within it; one that is not open is ignored."""
        while name in self.stack:
            last = self.stack.pop()
            self.pieces.append(f"</{last}>")
            if last == name:
                return

    def finish(self) -> str:
        self.pieces.extend(f"</{name}>" for name in reversed(self.stack))
        return "".join(self.pieces)
