"""The text of an API key: `ap_sk_<kind>_` + 43 of base62 (256 random bits) + 22 of base62 (the organization) + 6 of
base62 (CRC-32 of all before).

The checksum lets scanners and the door tell a key from noise without a look-up; the organization lets the server
name its tenant before it asks the database anything.
"""

import hashlib
import os
import re
import zlib
from typing import Final, NamedTuple
from uuid import UUID

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES: Final = {c: i for i, c in enumerate(_DIGITS)}
_SHAPE = re.compile(r"ap_sk_(live|dev|test)_([0-9A-Za-z]{43})([0-9A-Za-z]{22})([0-9A-Za-z]{6})\Z")
PREFIX_LENGTH: Final = 4


class KeyText(NamedTuple):
    """What a well-formed key says of itself."""

    kind: str
    organization_id: UUID
    secret_hash: bytes


def make(kind: str, organization_id: UUID) -> str:
    body = f"ap_sk_{kind}_" + _base62(int.from_bytes(os.urandom(32), "big"), 43) + _base62(organization_id.int, 22)
    return body + _checksum(body)


def read(text: str) -> KeyText | None:
    """None for everything that is not a key of ours: wrong shape or wrong checksum. Costs no look-up."""
    found = _SHAPE.match(text)
    if found is None or _checksum(text[:-6]) != found[4]:
        return None
    number = 0
    for character in found[3]:
        number = number * 62 + _VALUES[character]
    if number >= 1 << 128:
        return None
    return KeyText(found[1], UUID(int=number), hash_of(text))


def hash_of(text: str) -> bytes:
    """256 random bits need no slow hash."""
    return hashlib.sha256(text.encode()).digest()


def prefix_of(text: str) -> str:
    """What lists show: `ap_sk_live_7Hq2`."""
    return text[: text.index("_", 6) + 1 + PREFIX_LENGTH]


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), 6)


def _base62(number: int, width: int) -> str:
    digits: list[str] = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
