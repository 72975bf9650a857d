"""Text without its disguises. Two texts that a person reads alike come out alike, and what is wrapped in base64,
quoted-printable, entities or percent signs is unwrapped beside what it is wrapped in. Pure, and bounded in its work.
"""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

_NOT_LETTERS = re.compile(r"[\W_]+")
_TAG = re.compile(r"<[^<>]{0,2000}>")
# Also broken over lines, as mail does, and in the alphabet of URLs.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-](?:[A-Za-z0-9+/_-]|[ \t]{0,4}\r?\n[ \t]{0,4}){14,}={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[\s:,-]?){8,}")
_QUOTED = re.compile(r"=(?:\r?\n|[0-9A-Fa-f]{2})")
_DEEPEST: Final = 3
_MOST_PIECES: Final = 2_000
# Look-alikes that folding leaves alone: Greek and Cyrillic letters with the shape of Latin ones.
_SHAPES = str.maketrans("абвеёкмнорстухіјѕԁһґɡαβεικνορτυχ", "abbeekmhopctyxijsdhrgabeiknoptux")


def letters(text: str) -> str:
    """Its letters and digits alone, folded: `Blue–Heron\\u200b 42` -> `blueheron42`."""
    if text.isascii():
        return _NOT_LETTERS.sub("", text.lower())
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()).translate(_SHAPES)
    return _NOT_LETTERS.sub("", "".join(c for c in folded if not unicodedata.combining(c)))


def readings(text: str, depth: int = _DEEPEST) -> Iterator[str]:
    """The text, and every text that it holds in a wrapping, a few wrappings deep."""
    yield text
    if depth == 0:
        return
    for inner in _unwrapped(text):
        if inner != text and inner:
            yield from readings(inner, depth - 1)


def _unwrapped(text: str) -> Iterator[str]:
    if "<" in text:
        yield _TAG.sub("", text)
    if "&" in text:
        yield html.unescape(text)
    if "%" in text:
        yield unquote(text)
    if "=" in text:
        yield _QUOTED.sub(_unquoted, text).encode("latin-1", "ignore").decode("utf-8", "ignore")
    if "\\u" in text or "\\x" in text:
        yield re.sub(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))", lambda m: chr(int(m[1] or m[2], 16)), text)
    for n, found in enumerate(_BASE64.finditer(text)):
        if n >= _MOST_PIECES:
            break
        if (inner := _from_base64(found[0])) is not None:
            yield inner
    for n, found in enumerate(_HEX.finditer(text)):
        if n >= _MOST_PIECES:
            break
        yield bytes.fromhex("".join(c for c in found[0] if c.isalnum())).decode("utf-8", "replace")
    if len(text) <= 100_000:
        yield text[::-1]
        yield text.translate(_ROT13)


def _unquoted(found: re.Match[str]) -> str:
    return "" if found[0][1] in "\r\n" else chr(int(found[0][1:], 16))


def _from_base64(text: str) -> str | None:
    bare = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return text_of(raw)


def text_of(raw: bytes) -> str:
    """Bytes as the text that they are most likely."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    if raw[1:2] == b"\0" and raw[3:4] == b"\0":
        return raw.decode("utf-16-le", "replace")
    return raw.decode("utf-8", "replace")


_LOWER, _UPPER = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROT13 = str.maketrans(_LOWER + _UPPER, _LOWER[13:] + _LOWER[:13] + _UPPER[13:] + _UPPER[:13])
