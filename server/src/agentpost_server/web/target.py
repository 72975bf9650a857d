"""Which request targets (RFC 9112, section 3.2) are let in: those that every layer reads as the same path.

A path that one layer decodes or tidies and another does not is how a request gets past a check made on its text, so
whatever could be read in two ways is refused rather than made canonical. Ordinary percent-encoding stays: it is decoded
once, before both routing and authorisation.
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

import httptools

_SUSPECT: Final = re.compile(rb"//|/\.|[%\\#]")
_ENCODED_SEPARATOR: Final = re.compile(rb"%(?:2f|5c)", re.IGNORECASE)
_AMBIGUOUS: Final = re.compile(r"//|/\.{1,2}(?:/|$)|[\\\x00-\x1f\x7f]")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def target_is_plain(target: bytes) -> bool:
    """Whether a target has one reading only: origin-form, or absolute-form with http(s), and no tricks in its path."""
    path = target.partition(b"?")[0]
    if path[:1] != b"/":
        return _absolute_form_is_plain(target)
    return _SUSPECT.search(path) is None or _path_is_plain(path)


def _absolute_form_is_plain(target: bytes) -> bool:
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserError:
        return False
    path = url.path or b""
    return url.schema in (b"http", b"https") and path[:1] == b"/" and _path_is_plain(path)


def _path_is_plain(path: bytes) -> bool:
    if b"#" in path or _ENCODED_SEPARATOR.search(path) or _BAD_ESCAPE.search(path):
        return False
    try:
        decoded = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return False
    return _AMBIGUOUS.search(decoded) is None
