"""DMARC aggregate reports (RFC 7489 7.2 and appendix C). Pure: the bytes of an attachment in, what it tells out.

A stranger's claim in a stranger's XML: no document type, and so no entity, is read; octets, elements, their names,
attributes, depth, texts and rows have bounds.
"""

import ipaddress
from collections import Counter
from datetime import UTC, datetime
from typing import Final, Literal
from xml.parsers import expat

import msgspec

from agentpost_server.mail.address import AddressError, parse_domain
from agentpost_server.mail.unpack import UnpackError, unpack

Disposition = Literal["none", "quarantine", "reject"]
Result = Literal["pass", "fail"]
MOST_OCTETS: Final = 10 << 20
MOST_ROWS: Final = 10_000
_RATIO: Final = 200
_DEPTH: Final = 16
_ELEMENTS: Final = 500_000
_ELEMENT_NAMES: Final = 500
_ATTRIBUTES: Final = 100_000
_ENCODINGS: Final = frozenset(("utf-8", "us-ascii", "iso-8859-1", "utf-16", "windows-1252"))
_TEXT: Final = 1000
_NAME: Final = 255
_COUNT: Final = (1 << 31) - 1
_LATEST: Final = 4_102_444_800  # the year 2100
_METADATA: Final = ("feedback", "report_metadata")
_POLICY: Final = ("feedback", "policy_published")
_RECORD: Final = ("feedback", "record")
_WANTED: Final = frozenset(
    (
        (*_METADATA, "org_name"),
        (*_METADATA, "report_id"),
        (*_METADATA, "email"),
        (*_METADATA, "date_range", "begin"),
        (*_METADATA, "date_range", "end"),
        (*_POLICY, "p"),
    )
)
_EVALUATED: Final = ("row", "policy_evaluated")
_OF_A_ROW: Final = frozenset(
    (
        ("row", "source_ip"),
        ("row", "count"),
        (*_EVALUATED, "disposition"),
        (*_EVALUATED, "dkim"),
        (*_EVALUATED, "spf"),
        ("identifiers", "header_from"),
    )
)
_DISPOSITIONS: Final[dict[str, Disposition]] = {"quarantine": "quarantine", "reject": "reject"}


class ReportError(ValueError):
    """It is no report that can be read; the message says why."""


class ReportRow(msgspec.Struct, frozen=True, order=True):
    """What one address sent in the domain's name. `dkim` and `spf` are aligned results: one pass passes DMARC."""

    source_ip: str
    header_from: str
    disposition: Disposition
    dkim: Result
    spf: Result


class AggregateReport(msgspec.Struct, frozen=True, kw_only=True):
    """`rows` with how many mails each stands for; rows that say the same are one. `policy`: what the domain asked
    for."""

    org_name: str
    report_id: str
    email: str | None
    begins_at: datetime
    ends_at: datetime
    policy: str | None
    rows: dict[ReportRow, int]


def read_report(packed: bytes) -> AggregateReport:
    """The report that an attachment is: XML, gzip of it, or a zip with it alone. Raises ReportError."""
    try:
        content = unpack(packed, most=MOST_OCTETS, ratio=_RATIO)
    except UnpackError as error:
        raise ReportError(str(error)) from error
    return _Reader().read(content)


class _Reader:
    """Collects the few texts that matter, by their path without namespace prefixes; of repeats the first counts."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._elements = 0
        self._names: set[str] = set()
        self._text = ""
        self._found: dict[tuple[str, ...], str] = {}
        self._record: dict[tuple[str, ...], str] = {}
        self._rows: Counter[ReportRow] = Counter()

    def read(self, content: bytes) -> AggregateReport:
        if content.count(b"=") > _ATTRIBUTES:
            raise ReportError("it has too many attributes")
        parser = expat.ParserCreate(intern=None)
        parser.buffer_text = True
        parser.XmlDeclHandler = _check_encoding
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._say
        try:
            # Whole: a long token that comes in pieces would be read again and again.
            parser.Parse(content, True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise error if isinstance(error, ReportError) else ReportError(f"it is not XML: {error}") from error
        return self._report()

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(":")[2])
        self._elements += 1
        self._names.add(name)
        if len(self._path) > _DEPTH:
            raise ReportError(f"it is nested more than {_DEPTH} deep")
        if self._elements > _ELEMENTS or len(self._names) > _ELEMENT_NAMES:
            raise ReportError("it has too many elements")
        if self._path[0] != "feedback":
            raise ReportError("its first element is not feedback")
        self._text = ""

    def _say(self, text: str) -> None:
        if len(self._text) < _TEXT:
            self._text += text[:_TEXT]

    def _end(self, _name: str) -> None:
        path = tuple(self._path)
        if path == _RECORD:
            self._add_row()
        elif path[:2] == _RECORD and path[2:] in _OF_A_ROW:
            self._record.setdefault(path[2:], self._text.strip())
        elif path in _WANTED:
            self._found.setdefault(path, self._text.strip())
        self._path.pop()
        self._text = ""

    def _add_row(self) -> None:
        """Rows that cannot be what they should be are left out, as are those above the most."""
        said, self._record = self._record, {}
        row, count = _row(said), _number(said.get(("row", "count"), ""), _COUNT)
        if row is None or not count or (row not in self._rows and len(self._rows) >= MOST_ROWS):
            return
        self._rows[row] = min(self._rows[row] + count, _COUNT)

    def _report(self) -> AggregateReport:
        said = self._found
        org_name = said.get((*_METADATA, "org_name"), "")[:_NAME]
        report_id = said.get((*_METADATA, "report_id"), "")[:_NAME]
        if not org_name or not report_id:
            raise ReportError("it has no org_name or no report_id")
        begins_at = _moment(said.get((*_METADATA, "date_range", "begin"), ""))
        ends_at = _moment(said.get((*_METADATA, "date_range", "end"), ""))
        if begins_at is None or ends_at is None or ends_at < begins_at:
            raise ReportError("its date_range is wrong")
        return AggregateReport(
            org_name=org_name,
            report_id=report_id,
            email=said.get((*_METADATA, "email"), "")[:320] or None,
            begins_at=begins_at,
            ends_at=ends_at,
            policy=said.get((*_POLICY, "p"), "")[:20].lower() or None,
            rows=dict(self._rows),
        )


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() not in _ENCODINGS:
        raise ReportError("its encoding is not one of the usual")


def _refuse_doctype(*_declaration: object) -> None:
    raise ReportError("it declares a document type")


def _row(said: dict[tuple[str, ...], str]) -> ReportRow | None:
    address = said.get(("row", "source_ip"), "")
    try:
        if "%" in address:
            return None
        return ReportRow(
            source_ip=str(ipaddress.ip_address(address)),
            header_from=parse_domain(said.get(("identifiers", "header_from"), "").rstrip(".")),
            disposition=_DISPOSITIONS.get(said.get((*_EVALUATED, "disposition"), "").lower(), "none"),
            dkim="pass" if said.get((*_EVALUATED, "dkim"), "").lower() == "pass" else "fail",
            spf="pass" if said.get((*_EVALUATED, "spf"), "").lower() == "pass" else "fail",
        )
    except (ValueError, AddressError):
        return None


def _number(text: str, most: int) -> int | None:
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def _moment(text: str) -> datetime | None:
    seconds = _number(text, _LATEST + 1)
    return None if seconds is None or seconds > _LATEST else datetime.fromtimestamp(seconds, UTC)
