"""Counting as models do: o200k_base, from a vocabulary that comes with the package. Nothing is fetched."""

from functools import cache
from typing import Final

from splintr import AnyTokenizer, Tokenizer

NAME: Final = "o200k_base"


@cache
def _tokenizer() -> AnyTokenizer:
    """Some 30 MB and a tenth of a second, when the first context is asked for."""
    return Tokenizer.from_pretrained(NAME)


def count(text: str) -> int:
    """Tokens of `text`. What looks like a special token is text."""
    return len(_tokenizer().encode_ordinary(text))


def beginning(text: str, most: int) -> str:
    """The longest beginning that costs at most so many tokens, ended behind a line or a word where one is near."""
    kept = text[: most * _LONGEST]
    while kept and (cost := count(kept)) > most:
        kept = kept[: min(len(kept) - 1, len(kept) * most // cost)]
    if len(kept) == len(text):
        return kept
    floor = len(kept) * 3 // 4
    for end in ("\n", " "):
        if (at := kept.rfind(end, floor)) > 0 and count(kept[: at + 1]) <= most:
            return kept[: at + 1]
    return kept


# The longest token is 128 characters; text that is mostly such tokens is cut shorter than it had to be.
_LONGEST: Final = 128
