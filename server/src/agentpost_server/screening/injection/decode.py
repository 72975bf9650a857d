"""Words that are written so that people do not read them and models do: base64, hex, rot13, percent signs, spaced
letters, letters of another script. What comes out is judged as text; nothing is decoded twice."""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

_MOST: Final = 20
_MOST_CHARACTERS: Final = 8_000
_BASE64: Final = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{24,8000}={0,2}(?![A-Za-z0-9+/_-])")
_WRAPPED: Final = re.compile(r"(?:^[A-Za-z0-9+/]{40,100}\r?\n){1,60}[A-Za-z0-9+/]{1,100}={0,2}$", re.MULTILINE)
_HEX: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:\\x|0x)?[0-9A-Fa-f]{2}(?:[ :]?(?:\\x)?[0-9A-Fa-f]{2}){15,4000}(?![0-9A-Za-z])"
)
_LONG: Final = 24
_PERCENT: Final = re.compile(r"(?:[\w.~-]{0,40}%[0-9A-Fa-f]{2}){6,400}[\w.~-]{0,80}")
_SPACED: Final = re.compile(r"\b(?:\w[ .*_-]{1,2}){6,400}\w(?!\w)")
_LOOKALIKES: Final = str.maketrans("асеорхуіјѕһԁкмтнвАСЕОРХУІЈЅКМТНВ", "aceopxyijshdkmthbACEOPXYIJSKMTHB")
_MIXED: Final = re.compile(r"(?<![^\W\d_])(?=[^\W\d_]{0,40}[A-Za-z])(?=[^\W\d_]{0,40}[\u0400-\u04ff])")


def decoded(text: str) -> Iterator[str]:
    """Readable texts that are written in `text` in another way, at most 20 of each; never longer than what is there."""
    # Splitting costs a quarter of what a pattern does that is tried at each character.
    if max(map(len, text.replace("<", " ").replace(">", " ").split()), default=0) >= _LONG:
        yield from _readable(_octets(match[0]) for match in _some(_BASE64, text))
        yield from _readable(_octets("".join(match[0].split())) for match in _some(_WRAPPED, text))
        yield from _readable(_hex(match[0]) for match in _some(_HEX, text))
        for match in _some(_PERCENT, text):
            yield unquote(match[0], errors="replace").replace("+", " ")
    for match in _some(_SPACED, text):
        yield _joined(match[0])
    if not text.isascii() and _MIXED.search(text):
        yield text[:_MOST_CHARACTERS].translate(_LOOKALIKES)


def turned(text: str) -> str:
    """rot13, of which everything is a reading: its caller asks for more than one sign in it."""
    return codecs.encode(text[:_MOST_CHARACTERS], "rot13")


def _some(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    return (match for match, _ in zip(pattern.finditer(text), range(_MOST), strict=False))


def _octets(text: str) -> bytes:
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""


def _hex(text: str) -> bytes:
    return bytes.fromhex(re.sub(r"\\x|0x|[ :]", "", text)) if len(re.sub(r"\\x|0x|[ :]", "", text)) % 2 == 0 else b""


def _readable(found: Iterator[bytes]) -> Iterator[str]:
    """What is text: UTF-8, nearly all of it letters, blanks and marks."""
    for octets in found:
        try:
            text = octets.decode()
        except UnicodeDecodeError:
            continue
        if len(text) >= 12 and sum(c.isalpha() or c.isspace() for c in text) >= 0.75 * len(text):
            yield text


def _joined(text: str) -> str:
    """`i g n o r e  a l l`: two blanks part words, one parts letters."""
    return re.sub(r"(?<=\w)[ .*_-](?=\w)", "", re.sub(r"[ .*_-]{2}", "\x00", text)).replace("\x00", " ")
