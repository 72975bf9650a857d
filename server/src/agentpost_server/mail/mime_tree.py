"""The MIME tree of a mail (RFC 2045, 2046) as offsets into its bytes: nothing is copied until a leaf is decoded.

An outer boundary ends whatever is open inside it. `message/*` is a leaf: a mail inside a mail is a file here.
"""

import re
from typing import Final

from agentpost_server.mail import parse_limits as limits
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import HeaderSection, read_section
from agentpost_server.mail.mime_decode import transfer_encoding
from agentpost_server.mail.mime_params import media_type, read_parameters

_BOUNDARY_CHARACTERS: Final = 256
_UNDECLARED: Final = re.compile(rb"^--([^\r\n]{1,250})\r?\ncontent-", re.IGNORECASE | re.MULTILINE)
_UNDECLARED_OCTETS: Final = 16 << 10
_NO_HEADERS: Final = HeaderSection([])


class Part:
    """A node: its headers, its media type, and where its body lies. `children` is None for a leaf."""

    __slots__ = (
        "body_end",
        "body_start",
        "children",
        "declared_type",
        "disposition",
        "disposition_parameters",
        "encoding",
        "headers",
        "media_type",
        "parameters",
    )

    def __init__(
        self, headers: HeaderSection, start: int, end: int, findings: Findings, default_type: str = "text/plain"
    ) -> None:
        self.headers = headers
        self.body_start = start
        self.body_end = end
        self.children: list[Part] | None = None
        content_type = headers.structured("content-type", findings)
        first_word, self.parameters = read_parameters(content_type, findings)
        self.declared_type = media_type(first_word)
        self.media_type = self.declared_type or default_type
        if content_type and self.declared_type is None:
            findings.defect("bad_type")
            self.media_type = "text/plain" if first_word == "text" else "application/octet-stream"
        disposition = headers.structured("content-disposition", findings)
        self.disposition, self.disposition_parameters = (
            read_parameters(disposition, findings) if disposition else ("", {})
        )
        encoding = headers.structured("content-transfer-encoding", findings)
        self.encoding = transfer_encoding(encoding, findings) if encoding else ""


class _Budget:
    """What is left of the bounds that hold for the whole mail."""

    def __init__(self) -> None:
        self.parts = limits.PARTS
        self.candidates = limits.DELIMITER_CANDIDATES


def read_tree(raw: bytes, headers: HeaderSection, body_start: int, findings: Findings) -> Part:
    """The tree of a mail whose header section is already read. At most 50 deep and 1,000 parts; deeper is a leaf."""
    root = Part(headers, body_start, len(raw), findings)
    if root.media_type.startswith("multipart/"):
        _grow(raw, root, 1, _Budget(), findings)
    return root


def _grow(raw: bytes, part: Part, depth: int, budget: _Budget, findings: Findings) -> None:
    if depth > limits.DEPTH:
        findings.limit("depth_limit")
        part.media_type = "application/octet-stream"
        return
    boundary = _boundary(raw, part, findings)
    ranges = _split(raw, part, boundary, budget, findings) if boundary else []
    if not ranges:
        # The reader is better served by what stands there than by nothing.
        findings.defect("bad_boundary")
        part.media_type = "text/plain"
        return
    if part.encoding:
        findings.defect("bad_transfer_encoding")
    default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
    part.children = []
    for start, end in ranges:
        if budget.parts <= 0:
            findings.limit("part_limit")
            return
        budget.parts -= 1
        headers, body_start = _part_headers(raw, start, end, findings)
        child = Part(headers, min(body_start, end), end, findings, default)
        part.children.append(child)
        if child.media_type.startswith("multipart/"):
            _grow(raw, child, depth + 1, budget, findings)


def _part_headers(raw: bytes, start: int, end: int, findings: Findings) -> tuple[HeaderSection, int]:
    if start >= end:
        return _NO_HEADERS, end
    return read_section(raw, start, end, findings)


def _boundary(raw: bytes, part: Part, findings: Findings) -> bytes | None:
    """The declared boundary, or the one that the body plainly uses."""
    declared = part.parameters.get("boundary", "").rstrip()
    if declared and len(declared) <= _BOUNDARY_CHARACTERS and "\n" not in declared and "\r" not in declared:
        return declared.encode("utf-8", "replace")
    findings.defect("bad_boundary")
    stop = min(part.body_end, part.body_start + _UNDECLARED_OCTETS)
    guessed = _UNDECLARED.search(raw[part.body_start : stop])
    return guessed[1].rstrip() if guessed else None


def _split(raw: bytes, part: Part, boundary: bytes, budget: _Budget, findings: Findings) -> list[tuple[int, int]]:
    """The ranges between delimiter lines (RFC 2046 5.1.1), without the line end that belongs to the delimiter."""
    delimiter = b"--" + boundary
    start, end = part.body_start, part.body_end
    ranges: list[tuple[int, int]] = []
    opened: int | None = None
    position = start
    while (found := raw.find(delimiter, position, end)) >= 0:
        budget.candidates -= 1
        if budget.candidates < 0 or len(ranges) > limits.PARTS:
            findings.limit("delimiter_limit")
            break
        position = found + len(delimiter)
        if found > start and raw[found - 1] != 0x0A:
            continue
        line_end = raw.find(b"\n", position, end)
        stop = end if line_end < 0 else line_end
        rest = raw[position : min(stop, position + 200)].strip()
        if rest not in {b"", b"--"}:
            continue
        if opened is not None:
            ranges.append((opened, _before_line_end(raw, opened, found)))
            opened = None
        position = stop + 1
        if rest == b"--":
            if ranges:
                return ranges
            continue
        opened = min(position, end)
    findings.defect("no_close_boundary")
    if opened is not None:
        ranges.append((opened, end))
    return ranges


def _before_line_end(raw: bytes, start: int, position: int) -> int:
    if position > start and raw[position - 1] == 0x0A:
        position -= 1
        if position > start and raw[position - 1] == 0x0D:
            position -= 1
    return position
