"""`type; name=value` fields: Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2183) with RFC 2231 parameters.

Read token by token from a bounded value, so that a field of nothing but `;` or quotes costs what its length costs.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from agentpost_server.mail import parse_limits as limits
from agentpost_server.mail.charsets import decode, storable_header
from agentpost_server.mail.encoded_words import decode_words
from agentpost_server.mail.findings import Findings

_LEAD: Final = re.compile(r"\s*([^;\s(]*)")
_PARAMETER: Final = re.compile(r"([^=;\s\"]++)\s*+=\s*+(?:\"((?:[^\"\\]|\\.)*+)\"?|([^;]*+))", re.DOTALL)
_SEPARATORS: Final = re.compile(r"[;\s]*+")
_TO_NEXT: Final = re.compile(r"[^;]*+;")
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_WINDOWS_PATH: Final = re.compile(r"[A-Za-z]:\\|\\\\")
_SECTION: Final = re.compile(r"([^*]{1,60})(?:\*(\d{1,4}))?(\*)?", re.ASCII)
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}", re.ASCII)


class _Piece(NamedTuple):
    number: int
    encoded: bool
    value: str


def read_parameters(value: str, findings: Findings) -> tuple[str, dict[str, str]]:
    """The lower-case first token of a structured field, and its parameters by lower-case name: the first of each wins.

    Sections of RFC 2231 are joined in order up to the first gap; a plain `name` yields to `name*`, as RFC 6266 wants.
    """
    lead = _LEAD.match(value)
    token = lead[1].lower() if lead else ""
    if ";" not in value:
        return token, {}
    plain: dict[str, str] = {}
    sections: dict[str, list[_Piece]] = {}
    position = value.find(";")
    count = 0
    while separators := _SEPARATORS.match(value, position):
        position = separators.end()
        match = _PARAMETER.match(value, position)
        if match is None:
            if position < len(value):
                findings.defect("bad_parameter")
            following = _TO_NEXT.match(value, position)
            if following is None:
                break
            position = following.end()
            continue
        position = match.end()
        count += 1
        if count > limits.PARAMETERS:
            findings.limit("parameter_limit")
            break
        _keep(match[1], _unquoted(match[2], match[3]), plain, sections)
    for name, pieces in sections.items():
        plain[name] = _joined(pieces, findings)
    return token, plain


def media_type(token: str) -> str | None:
    """`type/subtype` when it is one (RFC 6838 4.2), else None."""
    return token if _MEDIA_TYPE.fullmatch(token) else None


def parameter_text(value: str, findings: Findings) -> str:
    """A parameter as people see it: encoded words (which RFC 2047 forbids here, and mailers write) are decoded."""
    return storable_header(decode_words(value, findings))


def _keep(name: str, value: str, plain: dict[str, str], sections: dict[str, list[_Piece]]) -> None:
    section = _SECTION.fullmatch(name.lower()) if "*" in name else None
    if section is None:
        plain.setdefault(name.lower()[:60], value)
        return
    number = int(section[2] or 0)
    sections.setdefault(section[1], []).append(_Piece(number, section[3] is not None, value))


def _unquoted(quoted: str | None, bare: str | None) -> str:
    if quoted is None:
        return (bare or "").strip()
    # Some mailers quote Windows paths without doubling the backslash.
    if "\\" in quoted and not _WINDOWS_PATH.match(quoted):
        return _QUOTED_PAIR.sub(r"\1", quoted)
    return quoted


def _joined(pieces: list[_Piece], findings: Findings) -> str:
    by_number: dict[int, _Piece] = {}
    for piece in pieces:
        if by_number.setdefault(piece.number, piece) is not piece:
            findings.defect("bad_parameter")
    octets = bytearray()
    charset: str | None = None
    number = 0
    for number in range(len(by_number)):
        found = by_number.get(number)
        if found is None:
            findings.defect("bad_parameter")
            break
        value = found.value
        if found.encoded and number == 0 and value.count("'") >= 2:
            label, _, value = value.split("'", 2)
            charset = label or None
        octets += unquote_to_bytes(value) if found.encoded else value.encode("utf-8", "surrogatepass")
    text, fits = decode(bytes(octets), charset or "utf-8")
    if not fits:
        findings.defect("bad_charset")
    return text
