"""Expanding the macros of SPF (RFC 7208 7.2–7.4) into a domain name."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

_MACRO: Final = re.compile(r"%(?:([%_-])|\{([A-Za-z])([0-9]*)([Rr]?)([.\-+,/_=]*)\})")
_ESCAPES: Final = {"%": "%", "_": " ", "-": "%20"}
_NAME_CHARACTERS: Final = 253
# No value is longer than a local part and a domain; repeats of it in one record are what costs.
_EXPANDED_CHARACTERS: Final = 8_192


def expand(spec: str, values: Mapping[str, str]) -> str:
    """`spec` with each macro's value, by lower-case letter; cut from the left to what a name may have (7.3)."""
    pieces: list[str] = []
    size = position = 0
    for found in _MACRO.finditer(spec):
        pieces += (spec[position : found.start()], _ESCAPES.get(found[1] or "") or _transformed(found, values))
        size += len(pieces[-2]) + len(pieces[-1])
        position = found.end()
        if size > _EXPANDED_CHARACTERS:
            break
    name = "".join([*pieces, spec[position:]]).removesuffix(".")
    while len(name) > _NAME_CHARACTERS:
        name = name.partition(".")[2] if "." in name else ""
    return name


def needs(spec: str, letter: str) -> bool:
    return any((found[2] or "").lower() == letter for found in _MACRO.finditer(spec))


def _transformed(found: re.Match[str], values: Mapping[str, str]) -> str:
    letter, digits, reverse, delimiters = found[2], found[3], found[4], found[5]
    parts = re.split(f"[{re.escape(delimiters or '.')}]", values[letter.lower()])
    if reverse:
        parts.reverse()
    if digits:
        parts = parts[-int(digits) :]
    text = ".".join(parts)
    return quote(text, safe="-._~") if letter.isupper() else text
