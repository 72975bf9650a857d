"""Lists of `tag=value` (RFC 6376 3.2), as signatures, key records and DMARC records are written."""

import re
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SPACE: Final = re.compile(r"[ \t\r\n]+")
_TAGS: Final = 100
_CHARACTERS: Final = 64 * 1024


def read_tags(text: bytes) -> dict[str, str] | None:
    """The tags, values without blanks at their ends; None for what is no such list or has a tag twice."""
    if len(text) > _CHARACTERS:
        return None
    pieces = text.decode("utf-8", "replace").split(";", _TAGS)
    if len(pieces) > _TAGS:
        return None
    if not pieces[-1].strip(" \t\r\n"):
        pieces.pop()
    tags: dict[str, str] = {}
    for piece in pieces:
        name, equals, value = piece.partition("=")
        name = name.strip(" \t\r\n")
        if not equals or name in tags or not _NAME.fullmatch(name):
            return None
        tags[name] = value.strip(" \t\r\n")
    return tags


def without_blanks(value: str) -> str:
    return _SPACE.sub("", value)


def words(value: str) -> list[str]:
    """What stands between colons, in lower case."""
    return [word.strip(" \t\r\n").lower() for word in value.split(":")]
