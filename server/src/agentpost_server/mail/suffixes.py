"""The public suffix list: which part of a name somebody registered, and so whose name it is. Read once a process."""

import functools
import re
from typing import Final

from publicsuffixlist import PublicSuffixList

_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


@functools.cache
def suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def is_loaded() -> bool:
    return suffixes.cache_info().currsize > 0


def load() -> None:
    """Reading the list takes some 70 ms: not on the event loop."""
    suffixes()


@functools.lru_cache(maxsize=4096)
def registered(domain: str) -> str | None:
    """`mail.example.co.uk` -> `example.co.uk`; None for a public suffix, and for what is no name (an IP address)."""
    name = domain.lower().removesuffix(".")
    if not _NAME.fullmatch(name) or name.rpartition(".")[2].isdigit():
        return None
    return suffixes().privatesuffix(name)
