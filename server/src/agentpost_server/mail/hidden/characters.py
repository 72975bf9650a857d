"""Characters that no reader sees: tags, variation selectors, zero-width ones, and those that turn the order around.

Where a language or an emoji needs one (a joiner in Persian, the flag of Scotland) it stays.
"""

import re
from typing import Final, NamedTuple

from agentpost_server.mail.hidden.model import Way

_RUN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_FLAG: Final = re.compile("[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
_BLACK_FLAG: Final = "\U0001f3f4"
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_TURNS: Final = frozenset("\u202d\u202e")
_JOINERS: Final = frozenset("\u200c\u200d")
_USELESS: Final = frozenset("\u00ad\u034f\u200b\u200e\u200f\u2060\ufeff")
_NOTHING: Final = [""]
_SELECTORS: Final = range(0xFE00, 0xFE10)
_MORE_SELECTORS: Final = range(0xE0100, 0xE01F0)
_MONGOLIAN: Final = range(0x1800, 0x18B0)
_IDEOGRAPHS: Final = 0x2E80
_SPLITTING: Final = frozenset("\u200b\u200c\u200d\u2060\ufeff")
# A run of two kinds of zero-width characters this long can spell a word.
_PAYLOAD: Final = 16
_MAX_RUNS: Final = 2_000


class Found(NamedTuple):
    """A run of unseen characters, by kind; `speaks`: it says something, or breaks up a word to slip past a filter."""

    way: Way
    start: int
    end: int
    text: str
    speaks: bool


def visible_text(text: str) -> str:
    """`text` without the characters that nobody sees."""
    if text.isascii() or _RUN.search(text) is None:
        return text
    return _RUN.sub(lambda run: "".join(filter(None, _kept(text, run.start(), run.end()))), text)


def unseen(text: str) -> list[Found]:
    """The runs that `visible_text` takes out, in order; no letter has more than 2,000, so what follows is one piece."""
    if text.isascii():
        return []
    found: list[Found] = []
    for number, run in enumerate(_RUN.finditer(text)):
        if number == _MAX_RUNS:
            found.append(Found("zero_width", run.start(), len(text), "", speaks=True))
            break
        kept = _kept(text, run.start(), run.end())
        gone = "".join(one for one, stays in zip(run[0], kept, strict=True) if not stays)
        if gone:
            found.append(_told(text, run, gone))
    return found


def _told(text: str, run: re.Match[str], gone: str) -> Found:
    start, end = run.span()
    if tags := "".join(chr(ord(one) - 0xE0000) for one in gone if "\U000e0020" <= one < "\U000e007f"):
        return Found("tag_characters", start, end, tags, speaks=any(map(str.isalnum, tags)))
    octets = bytes(value for one in gone if (value := _selected(one)) is not None)
    if len(octets) > 1:
        return Found("variation_selectors", start, end, _spelled(octets), speaks=len(octets) > 3)
    if not _BIDI.isdisjoint(gone):
        return Found("bidi", start, end, "", speaks=not _TURNS.isdisjoint(gone))
    within = not _SPLITTING.isdisjoint(gone) and _is_letter(text[start - 1 : start]) and _is_letter(text[end : end + 1])
    spelt = len(gone) >= _PAYLOAD and len(set(gone)) > 1
    return Found("zero_width", start, end, "", speaks=within or spelt)


def _kept(text: str, start: int, end: int) -> list[str]:
    """Of each character of a run: itself when it has a use there, else ""."""
    if end - start == 1 and text[start] in _USELESS:
        return _NOTHING
    before, after = text[start - 1 : start], text[end : end + 1]
    if before == _BLACK_FLAG and (flag := _FLAG.match(text, start, end)) is not None:
        return [*text[start : flag.end()], *[""] * (end - flag.end())]
    kept = [""] * (end - start)
    if not before or before.isspace():
        return kept
    position = start
    if _may_select(text[position], before):
        kept[0] = text[position]
        position += 1
    if (
        position + 1 == end
        and text[position] in _JOINERS
        and before > "\x7f"
        and after > "\x7f"
        and not after.isspace()
    ):
        kept[position - start] = text[position]
    return kept


def _may_select(one: str, before: str) -> bool:
    """One selector behind a character that has variants: an emoji, a digit of a keycap, an ideograph."""
    code = ord(one)
    if 0x180B <= code <= 0x180F and code != 0x180E:
        return ord(before) in _MONGOLIAN
    if code in _MORE_SELECTORS:
        return ord(before) >= _IDEOGRAPHS and before.isalpha()
    return code in _SELECTORS and (before > "\x7f" or before in "0123456789#*")


def _selected(one: str) -> int | None:
    code = ord(one)
    if code in _SELECTORS:
        return code - 0xFE00
    return code - 0xE0100 + 16 if code in _MORE_SELECTORS else None


def _spelled(octets: bytes) -> str:
    text = octets.decode(errors="replace")
    return "".join(one if one.isprintable() else " " for one in text).strip()


def _is_letter(one: str) -> bool:
    return one.isascii() and one.isalpha()
