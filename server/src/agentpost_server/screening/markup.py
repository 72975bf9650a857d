"""What an HTML body shows, hides and links to, in one pass over its tokens. What is hidden is told by `mail.html`."""

from typing import Final

import msgspec

from agentpost_server.mail.html.body import HtmlBody
from agentpost_server.mail.html.tokens import Kind, Page, text_of

_SHOWN_CHARACTERS: Final = 600
_LOOKED_AT: Final = frozenset({"a", "img", "form", "input"})


class Markup(msgspec.Struct):
    """`links` are (target, words shown); `pictures` come from elsewhere, not with the mail."""

    visible: str = ""
    words: int = 0
    hidden_words: int = 0
    links: list[tuple[str, str]] = []
    pictures: int = 0
    linked_pictures: int = 0
    form: bool = False
    password: bool = False


def read_markup(body: HtmlBody, characters: int) -> Markup:
    """Of the first `characters` of the source, in time linear in them once the page is read."""
    if body.is_too_large:
        body = HtmlBody(body.source[:characters])
    page, hidden = body.page, body.hiding.ways
    found = Markup()
    shown: list[str] = []
    link_until = 0
    for index, token in enumerate(page.tokens):
        if token.start >= characters:
            break
        if token.kind == Kind.TEXT:
            text = text_of(page.source[token.start : min(token.end, characters)])
            if index in hidden:
                found.hidden_words += len(text.split())
            else:
                shown.append(text)
        elif token.name in _LOOKED_AT and token.kind in (Kind.OPEN, Kind.EMPTY):
            link_until = _tag(page, index, link_until, found)
    found.visible = " ".join(shown)
    found.words = len(found.visible.split())
    return found


def _tag(page: Page, index: int, link_until: int, found: Markup) -> int:
    """Take note of a tag; answers where the link that it stands in ends."""
    token = page.tokens[index]
    if token.name == "a" and index >= link_until:
        target = page.attributes_of(token).get("href", "")
        if target.startswith(("http", "HTTP", "//")):
            found.links.append((target, _shown(page, index)))
            return page.ends[index]
    elif token.name == "img":
        if page.attributes_of(token).get("src", "").startswith(("http", "//")):
            found.pictures += 1
            found.linked_pictures += index < link_until
    elif token.name == "form":
        found.form = True
    elif token.name == "input" and page.attributes_of(token).get("type", "").lower() == "password":
        found.form = found.password = True
    return link_until


def _shown(page: Page, index: int) -> str:
    """The words between a link's tags, as far as a host name could reach."""
    shown = ""
    for token in page.tokens[index + 1 : min(page.ends[index], index + 20)]:
        if token.kind == Kind.TEXT and len(shown) < _SHOWN_CHARACTERS:
            shown += text_of(page.source[token.start : min(token.end, token.start + _SHOWN_CHARACTERS)])
    return shown.strip()
