"""Hosts that a text leads to, and the domain that somebody must have registered for them. Pure."""

import functools
import re
from collections.abc import Iterator
from typing import Final

from publicsuffixlist import PublicSuffixList

from agentpost_server.policies.plain import readings

# With or without a scheme, as mail programs make links of either. No userinfo gets a host past it.
_LINK: Final = re.compile(
    r"(?:(?:https?|ftp)[:\s]{1,3}[/\\]{1,4}|www\.)(?:[^\s/@<>\"']{0,200}@)?([^\s/\\?#<>\"'()\[\]{}|:@]{1,253})",
    re.IGNORECASE,
)
_BARE: Final = re.compile(
    r"(?<![@\w.-])((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})(?=[/?#:\s.,;!)\]>\"']|$)", re.IGNORECASE
)
_MOST: Final = 2_000


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def hosts(text: str) -> list[str]:
    """Lower-cased, each once, at most 2,000."""
    found: dict[str, None] = {}
    for reading in readings(text, depth=1, disguised=False):
        for host in _hosts(reading):
            found.setdefault(host, None)
            if len(found) >= _MOST:
                return list(found)
    return list(found)


def _hosts(text: str) -> Iterator[str]:
    for pattern in (_LINK, _BARE):
        for one in pattern.finditer(text):
            host = one[1].lower().strip(".")
            if "." in host and (pattern is _LINK or text[one.end() : one.end() + 1] == "/" or _is_registered(host)):
                yield host


def _is_registered(host: str) -> bool:
    """Words with a full stop between them are no links: a bare name counts before a path, and where its end is a public
    suffix."""
    return _suffixes().publicsuffix(host, accept_unknown=False) is not None


def registrable(host: str) -> str:
    """`a.b.example.co.uk` -> `example.co.uk`; what has no such domain stays as it is."""
    return _suffixes().privatesuffix(host) or host
