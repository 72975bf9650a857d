"""A mail as signatures see it: its header fields octet by octet, and its body canonical (RFC 6376 3.4).

The body is hashed in pieces, so that other threads have a turn between them: a regular expression over 25 MB would hold
the interpreter's lock, and with it every connection, for a second.
"""

import hashlib
import re
from typing import Final, NamedTuple

SECTION_OCTETS: Final = 512 * 1024
_FIELDS: Final = 5_000
_PIECE: Final = 64 * 1024
_NEXT_FIELD: Final = re.compile(rb"\r\n(?![ \t])")
_EMPTY_LINES: Final = re.compile(rb"(?:\n\r)*")


class Field(NamedTuple):
    """`name` in lower case, `raw` as it came, without the CRLF at its end."""

    name: bytes
    raw: bytes


class SignedMail(NamedTuple):
    """`is_bounded` is false where the header section is larger than any signer's: then no signature is looked at."""

    raw: bytes
    fields: tuple[Field, ...]
    body_start: int
    is_bounded: bool


def split(raw: bytes) -> SignedMail:
    """Any bytes. Bare LFs are read as line ends, as every signer's library reads them."""
    if raw.count(b"\n") != raw.count(b"\r\n"):
        raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if raw.startswith(b"\r\n"):
        return SignedMail(raw, (), 2, True)
    end = raw.find(b"\r\n\r\n")
    head_end, body_start = (len(raw), len(raw)) if end < 0 else (end, end + 4)
    lines = _NEXT_FIELD.split(raw[: min(head_end, SECTION_OCTETS)], _FIELDS)
    fields = [Field(name.strip(b" \t").lower(), line) for line in lines if (name := _name(line))]
    return SignedMail(raw, tuple(fields), body_start, head_end <= SECTION_OCTETS and len(lines) <= _FIELDS)


def _name(line: bytes) -> bytes:
    name, colon, _ = line.partition(b":")
    return name if colon else b""


def value_of(field: Field) -> bytes:
    return field.raw.partition(b":")[2]


def relaxed_field(raw: bytes) -> bytes:
    """RFC 6376 3.4.2, without the CRLF at the end."""
    name, _, value = raw.partition(b":")
    return name.strip(b" \t").lower() + b":" + _collapsed(value.replace(b"\r\n", b"")).strip(b" ")


def body_hash(mail: SignedMail, *, relaxed: bool) -> bytes:
    """SHA-256 of the canonical body (RFC 6376 3.4.3, 3.4.4)."""
    digest = hashlib.sha256()
    held, empty, is_empty = b"", 0, True
    for start in range(mail.body_start, len(mail.raw), _PIECE):
        piece = held + mail.raw[start : start + _PIECE]
        if relaxed:
            piece = _collapsed(piece).replace(b" \r\n", b"\r\n")
        end = _line_begins(piece, relaxed=relaxed)
        held = piece[end:]
        lines = _trailing_lines(piece, end)
        if lines * 2 < end:
            digest.update(b"\r\n" * empty)
            digest.update(piece[: end - lines * 2])
            empty, is_empty = lines, False
        else:
            empty += lines
    # Blanks at the end are no content to the relaxed reader, a last CR is.
    if held.strip(b" " if relaxed else b""):
        digest.update(b"\r\n" * empty + held)
        is_empty = False
    if not is_empty or not relaxed:
        digest.update(b"\r\n")
    return digest.digest()


def _collapsed(text: bytes) -> bytes:
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text


def _line_begins(piece: bytes, *, relaxed: bool) -> int:
    """Where what may belong to the next piece's line end begins."""
    end = len(piece) - piece.endswith(b"\r")
    return end - (relaxed and piece[end - 1 : end] == b" ")


def _trailing_lines(piece: bytes, end: int) -> int:
    """How many CRLFs stand before `end` with nothing behind them; read from behind, because forward is quadratic."""
    content = len(piece[:end].rstrip(b"\r\n"))
    found = _EMPTY_LINES.match(piece[content:end][::-1])
    return found.end() // 2 if found else 0
