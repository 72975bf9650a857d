"""Which domains belong together (RFC 7489 3.1, 3.2): the organizational domain, by the public suffix list."""

import functools
import re
from typing import Final

from publicsuffixlist import PublicSuffixList

_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def is_loaded() -> bool:
    return _suffixes.cache_info().currsize > 0


def load() -> None:
    """Reading the list takes some 70 ms: not on the event loop."""
    _suffixes()


@functools.lru_cache(maxsize=4096)
def organizational(domain: str) -> str:
    """`mail.example.co.uk` -> `example.co.uk`; a public suffix is its own: it aligns with itself alone."""
    name = domain.lower().removesuffix(".")
    if not _NAME.fullmatch(name):
        return name
    return _suffixes().privatesuffix(name) or name


def is_aligned(domain: str, author_domain: str, *, strict: bool) -> bool:
    """RFC 7489 3.1: whether what was authenticated is the author's."""
    one, other = domain.lower().removesuffix("."), author_domain.lower().removesuffix(".")
    if not one or not other:
        return False
    return one == other or (not strict and organizational(one) == organizational(other))
