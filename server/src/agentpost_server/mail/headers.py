"""A header section as an ordered list of fields (RFC 5322 2.2), read from bytes with a bound on everything.

Fields keep two forms: `raw`, unfolded but with encoded words as they came (addresses and parameters are read from it,
so that a decoded comma or bracket can never become syntax), and the decoded value that people see.
"""

import re
from typing import Final

from agentpost_server.mail import parse_limits as limits
from agentpost_server.mail.charsets import guess, storable_header
from agentpost_server.mail.encoded_words import decode_words
from agentpost_server.mail.findings import Findings

_NAME: Final = re.compile(rb"[!-9;-~]+")
_IMMINENT_FIELD: Final = re.compile(rb"[!-9;-~]{1,80}[ \t]*:")
_IDENTIFIER: Final = re.compile(r"<[^<>\s]{1,996}>")
_CHARSET_HINT: Final = re.compile(rb"charset\s{0,5}=\s{0,5}\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


class HeaderSection:
    """Fields in order as (name, raw), with look-up by lower-case name."""

    __slots__ = ("_index", "fields")

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self.fields = fields
        self._index: dict[str, list[str]] = {}
        for name, raw in fields:
            self._index.setdefault(name.lower(), []).append(raw)

    def all(self, name: str) -> list[str]:
        """Raw values of every field of that lower-case name, in order."""
        return self._index.get(name, [])

    def first(self, name: str) -> str | None:
        """The raw value of the first field of that lower-case name."""
        values = self._index.get(name)
        return values[0] if values else None

    def structured(self, name: str, findings: Findings) -> str:
        """The first value, bounded for fields with parameters; "" when missing. A repeat is a defect: first wins."""
        values = self._index.get(name)
        if not values:
            return ""
        if len(values) > 1:
            findings.defect("duplicate_header")
        if len(values[0]) > limits.STRUCTURED_VALUE_CHARACTERS:
            findings.limit("value_limit")
        return values[0][: limits.STRUCTURED_VALUE_CHARACTERS]

    def decoded(self, findings: Findings) -> tuple[tuple[str, str], ...]:
        """All fields as people see them: encoded words read, storable, each at most 64 Ki characters."""
        return tuple([(name, decoded_value(raw, findings)) for name, raw in self.fields])


def decoded_value(raw: str, findings: Findings, limit: int = limits.VALUE_CHARACTERS) -> str:
    """One unstructured value (RFC 5322 2.2.1) as people see it, at most `limit` characters."""
    text = storable_header(decode_words(raw, findings))
    if len(text) > limit:
        findings.limit("value_limit")
        return text[:limit]
    return text


def read_section(raw: bytes, start: int, end: int, findings: Findings) -> tuple[HeaderSection, int]:
    """The header section of `raw[start:end]`, and where its body begins. Never raises."""
    head_end, body_start, closed = _section_end(raw, start, end)
    stop = min(head_end, start + limits.HEADER_SECTION_OCTETS)
    lines = raw[start:stop].split(b"\n", limits.HEADER_LINES)
    if stop < head_end or len(lines) > limits.HEADER_LINES:
        findings.limit("header_limit")
        lines = lines[: limits.HEADER_LINES]
    fields, consumed = _fields(lines, closed, findings)
    if consumed is not None:
        findings.defect("no_blank_line")
        body_start = start + consumed
    return HeaderSection(_texts(fields, raw[start:stop], findings)), body_start


def identifiers(raw: str, findings: Findings) -> tuple[str, ...]:
    """Message ids (RFC 5322 3.6.4) in order, without repeats, the last 50."""
    found = list(dict.fromkeys(_IDENTIFIER.findall(storable_header(raw))))
    if len(found) > limits.MESSAGE_IDS:
        findings.limit("id_limit")
    return tuple(found[-limits.MESSAGE_IDS :])


def identifier(raw: str | None, findings: Findings) -> str | None:
    """The one message id of a Message-ID field with its brackets, or None when it is missing or not one token."""
    if raw is None:
        return None
    text = storable_header(raw).strip()
    if _IDENTIFIER.fullmatch(text):
        return text
    findings.defect("bad_message_id")
    found = _IDENTIFIER.search(text[: limits.MESSAGE_ID_CHARACTERS])
    if found:
        return found[0]
    bare = f"<{text}>"
    return bare if "@" in bare and _IDENTIFIER.fullmatch(bare) else None


def _section_end(raw: bytes, start: int, end: int) -> tuple[int, int, bool]:
    """Where the fields end, where the body begins, and whether a blank line stood between them."""
    for blank in (b"\r\n", b"\n"):
        if raw.startswith(blank, start, end):
            return start, start + len(blank), True
    crlf = raw.find(b"\n\r\n", start, end)
    lf = raw.find(b"\n\n", start, end if crlf < 0 else crlf + 1)
    if lf >= 0:
        return lf, lf + 2, True
    if crlf >= 0:
        return crlf, crlf + 3, True
    return end, end, False


def _fields(lines: list[bytes], closed: bool, findings: Findings) -> tuple[list[list[bytes]], int | None]:
    """Fields as lists of [name, piece, more pieces…], and the offset of a body that began without a blank line."""
    fields: list[list[bytes]] = []
    offset = 0
    size = 0
    for number, line in enumerate(lines):
        here, offset = offset, offset + len(line) + 1
        bare = line[:-1] if line.endswith(b"\r") else line
        if not bare:
            continue
        if bare[0] in b" \t":
            size += len(bare)
            if fields and size <= limits.RAW_VALUE_OCTETS:
                fields[-1].append(bare)
            elif fields:
                findings.limit("value_limit")
            else:
                findings.defect("bad_header_line")
            continue
        if not number and bare.startswith((b"From ", b">From ")):
            findings.defect("mbox_from")
            continue
        name, colon, value = bare.partition(b":")
        if not colon:
            if not closed or not _fields_follow(lines, number):
                return fields, here
            findings.defect("bad_header_line")
            continue
        if len(fields) >= limits.HEADER_FIELDS:
            findings.limit("header_limit")
            break
        if len(value) > limits.RAW_VALUE_OCTETS:
            findings.limit("value_limit")
            value = value[: limits.RAW_VALUE_OCTETS]
        size = len(value)
        fields.append([name, value])
    return fields, None


def _fields_follow(lines: list[bytes], number: int) -> bool:
    """Whether the header goes on after a broken line: one of the next lines begins a field."""
    return any(_IMMINENT_FIELD.match(line) for line in lines[number + 1 : number + 4])


def _texts(fields: list[list[bytes]], section: bytes, findings: Findings) -> list[tuple[str, str]]:
    hint: str | None = None
    if not section.isascii():
        declared = _CHARSET_HINT.search(section)
        hint = declared[1].decode("ascii") if declared else None
    texts: list[tuple[str, str]] = []
    for name, *pieces in fields:
        value = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if value.isascii():
            text = value.decode("ascii")
        else:
            findings.defect("eight_bit_header")
            text = guess(value, hint)
        texts.append((_field_name(name, findings), text.strip()))
    return texts


def _field_name(name: bytes, findings: Findings) -> str:
    bare = name.rstrip(b" \t")
    if len(bare) <= limits.SUBJECT_CHARACTERS and _NAME.fullmatch(bare):
        return bare.decode("ascii")
    findings.defect("bad_header_name")
    return storable_header(guess(bare))[: limits.SUBJECT_CHARACTERS]
