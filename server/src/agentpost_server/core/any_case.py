"""What "in any case" means, for Python and for SQL: a filter that a wait and a claim both have finds the same mail.

The database's own lower() depends on its locale, and by "C" knows ASCII alone. So SQL is given the letters to replace:
those of the filter, in every case. One letter is one letter, but for ß, which is ss; İ and ı are taken for i.
"""

import functools
from typing import Final, NamedTuple

_SHARP: Final = str.maketrans({"ß": "ss", "ẞ": "ss"})
# Behind it no letter has two cases (Unicode 15: Adlam is the last).
_LAST: Final = 0x1E944


class Part(NamedTuple):
    """For `strpos(replace(replace(translate(x, variants, plain), 'ß', 'ss'), 'ẞ', 'ss'), folded)`."""

    folded: str
    variants: str
    plain: str


def any_case(text: str) -> str:
    """Two texts that differ in case alone give the same."""
    return text.lower() if text.isascii() else text.translate(_SHARP).translate(_simple())


def part(text: str) -> Part:
    """A filter, and how what it looks in is to be changed so that it is found in any case."""
    folded = any_case(text)
    pairs = [(variant, letter) for letter in sorted(set(folded)) for variant in _variants().get(letter, "")]
    return Part(folded, "".join(one for one, _ in pairs), "".join(one for _, one in pairs))


@functools.cache
def _simple() -> dict[int, str]:
    """Every letter that is not written as it is compared."""
    found: dict[int, str] = {ord("ı"): "i", ord("İ"): "i"}
    for number in range(_LAST):
        letter = chr(number)
        folded = letter.casefold()
        plain = folded if len(folded) == 1 else letter.lower()
        if len(plain) == 1 and plain != letter:
            found.setdefault(number, plain)
    return found


@functools.cache
def _variants() -> dict[str, str]:
    found: dict[str, str] = {}
    for number, plain in _simple().items():
        found[plain] = found.get(plain, "") + chr(number)
    return found
