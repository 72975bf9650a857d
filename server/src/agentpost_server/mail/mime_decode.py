"""Content-Transfer-Encoding (RFC 2045 6) undone without ever refusing: what cannot be decoded is handed on as it is."""

import binascii
import re
from typing import Final

from agentpost_server.mail import parse_limits as limits
from agentpost_server.mail.findings import Findings

_TOKEN: Final = re.compile(r"\s*\"?([A-Za-z0-9-]*)")
_IDENTITY: Final = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit"})
_BASE64_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64: Final = bytes(set(range(256)) - set(_BASE64_ALPHABET) - {ord("=")})
_PADDING_AND_SPACE: Final = b"= \t\r\n"


def transfer_encoding(value: str, findings: Findings) -> str:
    """`base64`, `quoted-printable` or `` (identity). Comments and unknown names are a defect; the content is kept."""
    match = _TOKEN.match(value)
    token = match[1].lower() if match else ""
    if token != value.strip().lower():
        findings.defect("bad_transfer_encoding")
    if token in _IDENTITY:
        return ""
    if token in {"base64", "quoted-printable"}:
        return token
    findings.defect("bad_transfer_encoding")
    return ""


def decode_content(raw: bytes, start: int, end: int, encoding: str, findings: Findings) -> bytes:
    """The octets of `raw[start:end]` without their transfer encoding; never more than went in."""
    if encoding == "base64":
        return _base64(raw[start:end], findings)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(raw[start:end])
    return raw[start:end]


def _base64(data: bytes, findings: Findings) -> bytes:
    padding = data.find(b"=")
    whole = padding < 0 or not data[padding:].translate(None, _PADDING_AND_SPACE)
    if whole:
        try:
            return binascii.a2b_base64(data)
        except binascii.Error:
            pass
    findings.defect("bad_base64")
    segments = data.translate(None, _NOT_BASE64).split(b"=", limits.BASE64_SEGMENTS)
    if len(segments) > limits.BASE64_SEGMENTS:
        findings.limit("base64_limit")
        segments.pop()
    # Several base64 texts in a row, each with its own padding: what mailers make that join encoded blocks.
    return b"".join([_segment(segment) for segment in segments if segment])


def _segment(segment: bytes) -> bytes:
    if len(segment) % 4 == 1:
        segment = segment[:-1]
    return binascii.a2b_base64(segment + b"=" * (-len(segment) % 4))
