"""The one line under a subject: the first words of a mail, cut where a reader sees no broken character."""

import unicodedata

_JOINERS = "\u200d"
# What newsletters pad their preview with: soft hyphens, joiners, zero-width and filler characters.
_INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2800\u3164\ufeff"
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], " ")
_MAX_STEPS = 32
_LOOK_AHEAD = 64
_PLAIN = 4


def preview(text: str, limit: int = 200) -> str:
    """At most `limit` characters of `text` on one line: white space folded, controls and filler words left out."""
    head = text[: _PLAIN * limit]
    if head.isascii():
        # What nearly every mail is: no filler to leave out, no character that must not be parted.
        line = " ".join(head.translate(_CONTROLS).split())
        if len(line) > limit or len(head) == len(text):
            return line[:limit].rstrip()
    taken: list[str] = []
    length = 0
    rest = text
    while rest and length <= limit:
        chunk, rest = rest[: _LOOK_AHEAD * limit], rest[_LOOK_AHEAD * limit :]
        for word in chunk.translate(_CONTROLS).split():
            if word.strip(_INVISIBLE):
                taken.append(word)
                length += len(word) + 1
                if length > limit + _MAX_STEPS:
                    break
    line = " ".join(taken)
    return line if len(line) <= limit else line[: _boundary(line, limit)].rstrip()


def _boundary(line: str, limit: int) -> int:
    """The last place at or before `limit` that does not part a base character from its marks, joiner or modifier."""
    for cut in range(limit, max(0, limit - _MAX_STEPS), -1):
        if not _extends(line[cut]) and line[cut - 1] not in _JOINERS and not _splits_flag(line, cut):
            return cut
    return limit


def _extends(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Me", "Mc"} or character in _JOINERS or "🏻" <= character <= "🏿"


def _splits_flag(line: str, cut: int) -> bool:
    run = 0
    while run < _MAX_STEPS and cut - 1 - run >= 0 and "\U0001f1e6" <= line[cut - 1 - run] <= "\U0001f1ff":
        run += 1
    return run % 2 == 1 and "\U0001f1e6" <= line[cut] <= "\U0001f1ff"
