"""Encoded words in headers (RFC 2047), read as mailers write them rather than as the grammar wishes.

Words of one charset are joined before decoding, because many mailers cut a multi-byte character between two words.
"""

import binascii
import re
from typing import Final

from agentpost_server.mail.charsets import decode
from agentpost_server.mail.findings import Findings

# No part can run over a question mark, so that each attempt ends at the next one and the whole stays linear.
_WORD: Final = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?([bBqQ])\?([^?]*)\?=", re.ASCII)
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]+")
_SHORTEST: Final = len("=?a?q??=")


def decode_words(text: str, findings: Findings) -> str:
    """`text` with its encoded words decoded; what is not a whole word stays as it is."""
    if "=?" not in text or len(text) < _SHORTEST:
        return text
    out: list[str] = []
    held = bytearray()
    held_charset = ""
    position = 0
    for word in _WORD.finditer(text):
        gap = text[position : word.start()]
        adjacent = position > 0 and (not gap or gap.isspace())
        charset = word[1].lower()
        if held_charset and not (adjacent and charset == held_charset):
            out.append(_decoded(held, held_charset, findings))
            held.clear()
        if not adjacent:
            out.append(gap)
        held_charset = charset
        held += _octets(word[2], word[3], findings)
        position = word.end()
    if held_charset:
        out.append(_decoded(held, held_charset, findings))
    out.append(text[position:])
    return "".join(out)


def _decoded(octets: bytearray, charset: str, findings: Findings) -> str:
    text, fits = decode(bytes(octets), charset)
    if not fits:
        findings.defect("bad_charset")
    return text


def _octets(encoding: str, text: str, findings: Findings) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    if encoding in "qQ":
        return binascii.a2b_qp(raw.replace(b" ", b"_"), header=True)
    clean = _NOT_BASE64.sub(b"", raw)
    if len(clean) % 4 == 1:
        findings.defect("bad_base64")
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
