"""Public ids: `<prefix>_` + 26 Crockford base32 characters of a UUIDv7 (the ULID look).

The database and every verb speak `uuid.UUID`; only doors and event data speak the encoded form. Upper case out,
either case in (SPEC 2).
"""

import os
import time
from typing import Final
from uuid import UUID

from agentpost_server.core.errors import NotFound

PREFIXES: Final = frozenset(
    "org env usr inv key inb msg thr drf att dom rul whk dlv evt sup pol aud exp wai lse req obx".split()
)

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Ten bits at a time: thirteen look-ups for an id instead of twenty-six.
_PAIRS: Final = [a + b for a in _ALPHABET for b in _ALPHABET]
_VALUES: Final = {c: i for i, c in enumerate(_ALPHABET)}


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): 48 bits of unix milliseconds, then random bits."""
    return id_at(time.time_ns() // 1_000_000)


def id_at(unix_ms: int) -> UUID:
    """A UUIDv7 of the given moment: for imports and for clocks that are not the wall's."""
    random = int.from_bytes(os.urandom(10), "big")
    value = (unix_ms & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    return UUID(int=value | 0x2 << 62 | random & 0x3FFF_FFFF_FFFF_FFFF)


def lowest_id_at(unix_ms: int) -> UUID:
    """The smallest id that any moment from `unix_ms` on can have: the bound that time filters compare ids with."""
    return UUID(int=(max(unix_ms, 0) & 0xFFFF_FFFF_FFFF) << 80)


def encode(prefix: str, value: UUID) -> str:
    """`encode("msg", uuid)` -> `msg_01JQ8XK3…`."""
    n = value.int
    return f"{prefix}_" + "".join([_PAIRS[n >> shift & 0x3FF] for shift in range(120, -1, -10)])


def encode_or_none(prefix: str, value: UUID | None) -> str | None:
    return None if value is None else encode(prefix, value)


def decode(prefix: str, text: str) -> UUID:
    """The UUID of an encoded id. A wrong prefix or a malformed id is NotFound: it names nothing that could exist."""
    value = decode_or_none(prefix, text)
    if value is None:
        raise NotFound
    return value


def decode_or_none(prefix: str, text: str) -> UUID | None:
    head, _, body = text.partition("_")
    if head.lower() != prefix or len(body) != 26:
        return None
    n = 0
    for character in body.upper():
        digit = _VALUES.get(character)
        if digit is None:
            return None
        n = n << 5 | digit
    return UUID(int=n) if n < 1 << 128 else None
