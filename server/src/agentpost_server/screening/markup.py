"""What an HTML body shows, hides and links to, in one pass over its tokens."""

import re
from typing import Final

import msgspec

from agentpost_server.mail.html.tokens import Kind, Page, Token, attributes_of, read, text_of

_HIDES: Final = re.compile(
    r"display:none|visibility:hidden|mso-hide:all|font-size:[01](?:px|pt)?(?:;|!|$)|(?<!-)opacity:0(?:;|!|$)"
    r"|max-height:0(?:px)?(?:;|!|$)"
)
_STYLED: Final = ("none", "hidden", "hide", "size", "opacity", "height")
_SHOWN_CHARACTERS: Final = 600


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


def read_markup(html: str) -> Markup:
    """In time linear in `html`, which the caller bounds."""
    page = read(html)
    found = Markup()
    shown: list[str] = []
    hidden_until = link_until = 0
    for index, token in enumerate(page.tokens):
        if token.kind == Kind.TEXT:
            text = text_of(page.source[token.start : token.end])
            if index < hidden_until:
                found.hidden_words += len(text.split())
            else:
                shown.append(text)
        elif token.kind in (Kind.OPEN, Kind.EMPTY):
            if index >= hidden_until and token.kind == Kind.OPEN and _hides(token):
                hidden_until = page.ends[index]
            link_until = _tag(page, index, link_until, found)
    found.visible = " ".join(shown)
    found.words = len(found.visible.split())
    return found


def _tag(page: Page, index: int, link_until: int, found: Markup) -> int:
    """Take note of a tag; answers where the link that it stands in ends."""
    token = page.tokens[index]
    if token.name == "a" and index >= link_until:
        target = attributes_of(token).get("href", "")
        if target.startswith(("http", "HTTP", "//")):
            found.links.append((target, _shown(page, index)))
            return page.ends[index]
    elif token.name == "img":
        if attributes_of(token).get("src", "").startswith(("http", "//")):
            found.pictures += 1
            found.linked_pictures += index < link_until
    elif token.name == "form":
        found.form = True
    elif token.name == "input" and attributes_of(token).get("type", "").lower() == "password":
        found.form = found.password = True
    return link_until


def _shown(page: Page, index: int) -> str:
    """The words between a link's tags, as far as a host name could reach."""
    shown = ""
    for token in page.tokens[index + 1 : min(page.ends[index], index + 20)]:
        if token.kind == Kind.TEXT and len(shown) < _SHOWN_CHARACTERS:
            shown += text_of(page.source[token.start : min(token.end, token.start + _SHOWN_CHARACTERS)])
    return shown.strip()


def _hides(token: Token) -> bool:
    attributes = token.attributes
    if "style" not in attributes.lower() or not any(word in attributes.lower() for word in _STYLED):
        return False
    style = attributes_of(token).get("style", "").lower().replace(" ", "")
    return _HIDES.search(style) is not None
