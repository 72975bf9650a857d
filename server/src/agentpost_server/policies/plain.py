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
_RUN = re.compile(rb"[\x20-\x7e]{5,}")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_DEEPEST: Final = 3
_MOST_PIECES: Final = 2_000
_SHORT: Final = 100_000
_LONG: Final = 1_000_000
# Look-alikes that folding leaves alone: Greek and Cyrillic letters with the shape of Latin ones.
_SHAPES = str.maketrans("абвеёкмнорстухіјѕԁһґɡαβεικνορτυχ", "abbeekmhopctyxijsdhrgabeiknoptux")


def letters(text: str) -> str:
    """Its letters and digits alone, folded: `Blue–Heron\\u200b 42` -> `blueheron42`."""
    if text.isascii():
        return _NOT_LETTERS.sub("", text.lower())
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()).translate(_SHAPES)
    return _NOT_LETTERS.sub("", "".join(c for c in folded if not unicodedata.combining(c)))


def readings(text: str, depth: int = _DEEPEST, *, disguised: bool = True) -> Iterator[str]:
    """The text, and every text that it holds in a wrapping, a few wrappings deep; of long texts fewer, so that the work
    is bounded. `disguised`: backwards and in ROT13 too, which no program reads by itself."""
    seen: set[str] = set()
    layer = [text]
    for level in range(depth + 1):
        inner: list[str] = []
        for one in layer:
            if one in seen:
                continue
            seen.add(one)
            yield one
            if level < (depth if len(one) <= _SHORT else 2 if len(one) <= _LONG else 1):
                inner.extend(_unwrapped(one))
                if disguised and len(one) <= _SHORT:
                    inner.extend((one[::-1], one.translate(_ROT13)))
        layer = inner


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
    """Bytes as the text that they are most likely; of what is no text, the runs of characters in it."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    if raw[1:2] == b"\0" and raw[3:4] == b"\0":
        return raw.decode("utf-16-le", "replace")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        if error.start > len(raw) - 4:  # cut off within its last character
            return raw.decode("utf-8", "replace")
    sample = raw[:10_000]
    if len(_CONTROL.findall(sample)) * 50 < len(sample):
        return raw.decode("cp1252", "replace")
    return b"\n".join(_RUN.findall(raw)).decode("ascii")


_LOWER, _UPPER = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROT13 = str.maketrans(_LOWER + _UPPER, _LOWER[13:] + _LOWER[:13] + _UPPER[13:] + _UPPER[:13])
