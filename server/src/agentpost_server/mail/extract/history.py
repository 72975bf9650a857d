"""Which lines of a mail are new: one scan over lines that serves plain text and HTML alike.

The text door gives lines and no marks; the HTML door gives the lines a reader would see and a mark for each that the
client's markup explains (a cited blockquote, a signature div). What is dropped needs evidence: `>` alone can be code.
"""

from collections.abc import Sequence
from enum import IntEnum

import msgspec

from agentpost_server.mail.extract import patterns
from agentpost_server.mail.extract.patterns import COLONS, Strength
from agentpost_server.mail.extract.signature import is_sent_from, signature_start

_HEAD = 32
_MAX_LOOKS = 400
_MAX_FORWARD_LOOKS = 12
_MAX_RULE = 200
_MIN_RULE = 10
_RULES = frozenset("-_=─—")
# How a line begins that is prefixed or opens a code fence.
_PREFIXES = frozenset("> `")
_AROUND = " \t\r*\u00a0\u200e\u200f\u202c\u2069"


class Mark(IntEnum):
    """What markup says of a line. QUOTED_IF is a quote only when the mail shows elsewhere that it is a reply."""

    NONE = 0
    QUOTED = 1
    QUOTED_IF = 2
    SIGNATURE = 3
    ATTRIBUTION = 4
    HISTORY = 5
    FORWARD = 6
    BLOCK = 7


# Bound once: looking a member up on its enum costs more than the comparison, and every line is compared.
NONE, QUOTED, QUOTED_IF, SIGNATURE, ATTRIBUTION, HISTORY, FORWARD, BLOCK = Mark


class Verdict(msgspec.Struct):
    """`keep[i]` tells whether line i is new; `changed` whether anything was dropped. `own[i]`: new, or a signature."""

    keep: list[bool]
    changed: bool
    own: list[bool]


class _Scan:
    """State of one pass; `kinds[i]` becomes the fate of line i, `cut` the line from which on all is history."""

    def __init__(self, lines: Sequence[str], marks: Sequence[Mark] | None) -> None:
        self.lines = lines
        self.marks = marks
        self.kinds: list[Mark] = [NONE] * len(lines) if marks is None else list(marks)
        self.cut = len(lines)
        self.forward = False
        self.evidence_at = len(lines)
        self.looks = _MAX_LOOKS

    @property
    def evidence(self) -> bool:
        return self.evidence_at < len(self.lines)

    def prove(self, index: int) -> None:
        """Line `index` shows that the mail is a reply."""
        self.evidence_at = min(self.evidence_at, index)

    def next_line(self, index: int) -> int:
        """The next line that is not blank (at most a few blank ones are passed over), or the end."""
        stop = min(len(self.lines), index + 6)
        while index < stop and not self.lines[index].strip():
            index += 1
        return index if index < stop else (min(len(self.lines), stop))

    def quoted_at(self, index: int) -> bool:
        return index < len(self.lines) and self.kinds[index] in (QUOTED, QUOTED_IF)


def decide(lines: Sequence[str], marks: Sequence[Mark] | None = None) -> Verdict:
    """Tell new lines from history and signature. Linear in the lines; never drops all of them when some were new."""
    scan = _Scan(lines, marks)
    _mark_prefixes(scan)
    _find_history(scan)
    _settle_prefixed(scan)
    _drop_signatures(scan)
    return _verdict(scan)


def _mark_prefixes(scan: _Scan) -> None:
    """Lines with `>` may be quotes (RFC 3676 4.5), unless they stand in a code fence that is closed again."""
    kinds = scan.kinds
    opened = -1
    for index, line in enumerate(scan.lines):
        if line[:1] not in _PREFIXES:
            continue
        if line[:1] == ">" or line[:2] == " >":
            if kinds[index] == NONE:
                kinds[index] = QUOTED_IF
        elif line[:3] == "```":
            if opened >= 0:
                _unmark(kinds, opened, index)
            opened = -1 if opened >= 0 else index


def _unmark(kinds: list[Mark], start: int, stop: int) -> None:
    for index in range(start, stop):
        if kinds[index] == QUOTED_IF:
            kinds[index] = NONE


def _find_history(scan: _Scan) -> None:
    """Walk down to the first line behind which nothing is new, dropping attributions of prefixed quotes on the way."""
    floor = 0
    index, count = 0, len(scan.lines)
    while index < count:
        kind = scan.kinds[index]
        if kind is NONE:
            line = scan.lines[index]
            if line and _history_at(scan, index, floor, line):
                return
            if scan.kinds[index] != NONE:
                floor = index + 1
        elif kind in (QUOTED, SIGNATURE):
            if kind == QUOTED:
                scan.prove(index)
            floor = index + 1
        elif kind == QUOTED_IF:
            if not scan.evidence and not scan.quoted_at(index - 1) and _prefixed_attribution(scan, index):
                scan.prove(index)
            floor = index + 1
        elif _marked_history(scan, index, kind):
            return
        index += 1


def _marked_history(scan: _Scan, index: int, kind: Mark) -> bool:
    if kind == ATTRIBUTION:
        scan.prove(index)
        line = scan.lines[index]
        if patterns.separator(line) == "forward" or (patterns.is_dashed(line) and _introduces(scan, index + 1)):
            return _cut(scan, index, forward=True)
        scan.kinds[index] = QUOTED
        return False
    if kind == BLOCK:
        scan.kinds[index] = NONE
        block = patterns.header_block(scan.lines, index, introduced=True) or patterns.generic_header_block(
            scan.lines, index
        )
        return bool(block) and _cut(scan, index, forward=True)
    return _cut(scan, index, forward=True)


def _history_at(scan: _Scan, index: int, floor: int, line: str) -> bool:
    """Whether line `index` opens history to the end; one that merely introduces prefixed lines is dropped instead."""
    text = line.strip(_AROUND)
    # Most lines have neither a colon nor a rule before them, and cost no more than this.
    if not text or (":" not in line and "：" not in line and text[0] not in _RULES) or scan.looks <= 0:
        return False
    if text[0] in _RULES and text[:2] == text[0] * 2:
        scan.looks -= 1
        found = _separator_at(scan, index, line)
        if found:
            return found > 0
    if (text[-1] in COLONS or (text[0] == "-" and text[-1] == "-")) and len(line) <= patterns.MAX_LINE:
        scan.looks -= 1
        if patterns.separator(line) == "forward" and _introduces(scan, index + 1):
            return _cut(scan, index, forward=True)
        first, strength = patterns.attribution(scan.lines, index, floor)
        if strength:
            return _attributed(scan, first, index, strength)
    head = text[:_HEAD]
    if (":" in head or "：" in head) and patterns.label_of(line)[0]:
        scan.looks -= 1
        end = patterns.header_block(scan.lines, index)
        if end:
            return _block(scan, index, end)
    return False


def _introduces(scan: _Scan, index: int) -> bool:
    start = scan.next_line(index)
    if start < len(scan.lines) and scan.lines[start][:1] == ">":
        return True
    return bool(patterns.header_block(scan.lines, start, introduced=True))


def _separator_at(scan: _Scan, index: int, line: str) -> int:
    """1 when history starts here, -1 when the line is dropped and the scan goes on, 0 when it is no separator."""
    what = patterns.separator(line)
    if what == "forward":
        return 1 if _cut(scan, index, forward=True) else 0
    if what != "original" and not patterns.is_dashed(line):
        return 0
    start = scan.next_line(index + 1)
    if what == "original" and scan.quoted_at(start):
        scan.kinds[index] = QUOTED
        scan.prove(index)
        return -1
    if what == "original":
        return 1 if _cut(scan, index, forward=True) else 0
    framed = line.strip().strip("-_= ") or len(line.strip()) >= _MIN_RULE
    if not framed or start >= len(scan.lines) or scan.kinds[start] != NONE:
        return 0
    end = patterns.header_block(scan.lines, start, introduced=True)
    if not end:
        return 0
    if _block(scan, start, end):
        scan.cut = index
        return 1
    scan.kinds[index] = QUOTED
    return -1


def _attributed(scan: _Scan, first: int, last: int, strength: Strength) -> bool:
    start = scan.next_line(last + 1)
    if not scan.quoted_at(start):
        return strength == Strength.STRONG and _cut(scan, first, forward=first == 0)
    scan.prove(first)
    for line in range(first, last + 1):
        scan.kinds[line] = QUOTED
    return False


def _block(scan: _Scan, first: int, end: int) -> bool:
    if not scan.quoted_at(scan.next_line(end)):
        return _cut(scan, first, forward=True)
    scan.prove(first)
    for line in range(first, end):
        scan.kinds[line] = QUOTED
    return False


def _prefixed_attribution(scan: _Scan, index: int) -> bool:
    """iOS prefixes the attribution like the quote: evidence in the first lines of the block."""
    for last in range(index, min(index + 4, len(scan.lines))):
        if not scan.quoted_at(last):
            return False
        text = patterns.unquote(scan.lines[last]).rstrip()
        if text[-1:] in COLONS and text and len(text) <= patterns.MAX_LINE:
            return patterns.attribution(scan.lines, last, index)[1] == Strength.STRONG
    return False


def _cut(scan: _Scan, index: int, *, forward: bool) -> bool:
    """All from line `index` is history, with the rule that the client drew above it."""
    above = index - 1
    while above >= max(0, index - 3) and scan.kinds[above] == NONE:
        if patterns.RULE.fullmatch(scan.lines[above].strip()[:_MAX_RULE]):
            index = above
        elif scan.lines[above].strip():
            break
        above -= 1
    scan.cut, scan.forward = index, forward
    return True


def _settle_prefixed(scan: _Scan) -> None:
    """Decide the `>` blocks: quotes when the mail is a reply, else only where the shape is a quote's, not code's."""
    index = 0
    while index < scan.cut:
        if scan.kinds[index] != QUOTED_IF:
            index += 1
            continue
        stop = index
        while stop < scan.cut and scan.kinds[stop] == QUOTED_IF:
            stop += 1
        quoted = scan.evidence_at < stop or _looks_quoted(scan, index, stop)
        for line in range(index, stop):
            scan.kinds[line] = QUOTED if quoted else NONE
        index = stop


def _looks_quoted(scan: _Scan, start: int, stop: int) -> bool:
    lines = scan.lines
    if lines[start].lstrip()[:1] != ">":
        return False
    if all(line.startswith((">>>", "> >>>", ">=", "=>")) for line in lines[start:stop] if line.strip("> ")):
        return False
    above = start - 1
    while above >= max(0, start - 3) and not lines[above].strip():
        above -= 1
    introduced = above >= 0 and lines[above].rstrip()[-1:] in COLONS
    differs = above >= 0 and lines[above][:2] in ("< ", "--", "++")
    return not introduced and not differs


def _drop_signatures(scan: _Scan) -> None:
    index = 0
    while index < scan.cut:
        if scan.kinds[index] != NONE:
            index += 1
            continue
        stop = index
        while stop < scan.cut and scan.kinds[stop] == NONE:
            stop += 1
        start = signature_start(scan.lines, index, stop)
        last = max((line for line in range(max(index, stop - 3), stop) if scan.lines[line].strip()), default=stop)
        if stop < scan.cut and scan.kinds[stop] == SIGNATURE and scan.lines[last : last + 1] in (["--"], ["-- "]):
            start = min(start, last)
        for line in range(start, stop):
            scan.kinds[line] = SIGNATURE
        index = stop


def _verdict(scan: _Scan) -> Verdict:
    keep = [kind == NONE for kind in scan.kinds[: scan.cut]]
    own = [kind in (NONE, SIGNATURE) for kind in scan.kinds[: scan.cut]]
    rest = len(scan.lines) - scan.cut
    has_new = any(kept and line.strip() for kept, line in zip(keep, scan.lines, strict=False))
    if not has_new and not (rest and scan.forward) and _is_all_new(scan):
        everything = [True] * len(scan.lines)
        return Verdict(everything, changed=False, own=everything)
    fallen = [not has_new and rest > 0 and scan.forward] * rest
    keep += fallen
    return Verdict(keep, changed=not all(keep), own=own + fallen)


def _is_all_new(scan: _Scan) -> bool:
    """Nothing is left, and the mail shows no sign of a reply, or its quote is a forward: then all of it is new."""
    if not scan.evidence:
        signed = [line for line, kind in zip(scan.lines, scan.kinds, strict=True) if kind == SIGNATURE and line.strip()]
        return QUOTED in scan.kinds or not all(map(is_sent_from, signed[:_MAX_LOOKS]))
    seen = 0
    for index in range(scan.cut):
        if scan.kinds[index] == QUOTED and scan.lines[index].strip():
            if patterns.separator(patterns.unquote(scan.lines[index])) == "forward" or patterns.header_block(
                scan.lines, index
            ):
                return True
            seen += 1
            if seen >= _MAX_FORWARD_LOOKS:
                break
    return False
