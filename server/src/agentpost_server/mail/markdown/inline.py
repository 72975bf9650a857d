"""Words of Markdown: what must be escaped so that it means itself, link targets, code, the alternative of a picture.

Only what would turn words into links, pictures, markup or emphasis is escaped: a model reads this, and each backslash
costs it a token. Nothing that a sender writes becomes a picture or a reference: those are fetched by who renders them.
"""

import re
from typing import Final
from urllib.parse import quote

from agentpost_server.mail.hidden.characters import visible_text

MAX_TARGET: Final = 2_000
_ALT: Final = 300
_SCHEMES: Final = ("http://", "https://", "mailto:", "tel:")
_ESCAPED: Final = re.compile(
    r"[`\[\]]|\\(?=[!-/:-@\[-`{-~])|\*(?=\S)|(?<=\S)\*|_(?![^\W_])|(?<![^\W_])_|<(?=[a-zA-Z/!?])|&(?=#?\w{1,31};)"
)
_CONTROLS: Final = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)])
_TARGET_SAFE: Final = "%/:?#@!$&'*+,;=-._~[]"
_PICTURE: Final = re.compile(r"!(?=\[)")
_TAG: Final = re.compile(r"<(?=(?:/?[a-zA-Z][\w-]*[\s/>]|[!?])|/?[a-zA-Z][\w-]*$)", re.MULTILINE)


def clean(text: str) -> str:
    """Without unseen characters and controls; line breaks and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return visible_text(text).translate(_CONTROLS)


def escape(text: str) -> str:
    """Words that mean themselves in Markdown."""
    return _ESCAPED.sub(_backslash, text)


def defuse(text: str) -> str:
    """Plain text as Markdown: itself, but that it makes no picture and no HTML where it is rendered."""
    return _TAG.sub(_backslash, _PICTURE.sub(_backslash, text))


def target(href: str) -> str | None:
    """A link's target as Markdown can hold it; None for what is no web, mail or telephone link, or too long."""
    given = "".join(clean(href).split())
    if not given.lower().startswith(_SCHEMES) or len(given) > MAX_TARGET:
        return None
    return quote(given, safe=_TARGET_SAFE).replace("[", "%5B").replace("]", "%5D")


def link(label: str, to: str) -> str:
    """`label` is Markdown; a link that shows its own target stands as that alone."""
    bare = to.removeprefix("mailto:").removeprefix("tel:")
    if not label:
        return f"[link]({to})"
    shown = label.replace("\\", "").rstrip("/")
    if shown in {bare.rstrip("/"), to.rstrip("/")} and not to.startswith("tel:"):
        return f"<{bare}>"
    return f"[{label}]({to})"


def code(text: str) -> str:
    """Inline code, in a fence longer than any within."""
    if not text.strip():
        return ""
    fence = "`" * (_longest(text) + 1)
    blank = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def fence_for(text: str) -> str:
    return "`" * max(3, _longest(text) + 1)


def picture(attributes: dict[str, str], *, linked: bool = False) -> str:
    """The words of a picture, marked; "" for tracking pixels and ornaments. Its source is never told.

    `linked`: nothing else says what can be clicked here.
    """
    if any(_is_tiny(attributes.get(side, "")) for side in ("width", "height")):
        return ""
    alt = escape(" ".join(clean(attributes.get("alt", "")).split())[:_ALT])
    if alt:
        return f"[image: {alt}]"
    return "[image]" if linked or attributes.get("src", "").lower().startswith("cid:") else ""


def _is_tiny(value: str) -> bool:
    number = value.strip().lower().removesuffix("px")
    return number.isdecimal() and len(number) < 4 and int(number) <= 2


def _longest(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


_TICKS: Final = re.compile(r"`+")


def _backslash(match: re.Match[str]) -> str:
    return f"\\{match[0]}"
