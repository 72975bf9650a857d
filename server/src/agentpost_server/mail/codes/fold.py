"""Lines as the look-ups want them: what no reader sees is gone, digits of every script are ASCII, accents are off.

`shown` keeps the case that a code is typed in; `low` is as long, so that a place in one is the same place in the other.
"""

import re
import unicodedata
from typing import Final

# Zero values of the decimal digits that people write mail in; mathematical and full-width ones fall to NFKD.
_ZEROS: Final = (0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0)
_DIGITS: Final = {zero + n: str(n) for zero in _ZEROS for n in range(10)}
# Soft hyphen, joiners, directional marks and isolates, byte order mark, variation selectors, tag characters.
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e0fff]"
)
# Accents of Latin, Greek and Cyrillic, points of Hebrew, vowel signs of Arabic and its lengthening stroke. Signs of
# kana and of Indian scripts stay: they make other letters.
_MARKS: Final = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0640\u064b-\u065f\u0670]")
_LETTERS: Final = str.maketrans("łŁøØı’ʼ—‐‑−", "lLoOi''–---")
_STOPS: Final = str.maketrans(
    {"。": ". ", "、": ", ", "，": ", ", "！": "! ", "？": "? ", "；": "; ", "،": ", ", "؟": "? "}
)

_BEFORE: Final = _DIGITS | _STOPS


def visible(text: str) -> str:
    """Without the characters that nobody sees."""
    return _UNSEEN.sub("", text)


def shown(text: str) -> str:
    """Compatibility forms and accents off, digits ASCII; letters keep their case."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text.translate(_BEFORE)).translate(_LETTERS)
    return unicodedata.normalize("NFC", _MARKS.sub("", plain))


def low(text: str) -> str:
    """`shown` text in lower case, of the same length."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
