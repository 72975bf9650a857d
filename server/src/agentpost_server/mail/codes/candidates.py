"""What in a line has the shape of a code: digits, grouped digits, letters with digits; and what only looks like one.

Dates, times, prices, addresses, telephone numbers and the like are blanked out first, so that no part of them is seen.
"""

import re
from typing import Final, Literal, NamedTuple

Shape = Literal["digits", "grouped", "spaced", "mixed", "letters"]
_MOST: Final = 20
# A letter, figure or sign that makes what touches it part of a longer word. Scripts without blanks are not in it.
_W: Final = "A-Za-z0-9_\u00c0-\u024f\u0370-\u03ff\u0400-\u052f"
_BEFORE: Final = rf"(?<![{_W}@+/\\.&?%-])(?<![$€£¥₹₽₺₩])(?<![$€£¥₹₽₺₩] )"
_AFTER: Final = (
    rf"(?![{_W}])(?![.:/@=&-]\d)(?!,\d{3}(?!\d))(?!,\d{1, 2}(?![\d分秒]))(?![/@=&_-][A-Za-z])(?!\s?[%€£¥₹₽₺₩円元원])"
)
_NOT_CODES: Final = re.compile(
    r"\S{1,64}@[\w.-]{1,255}(?=[\s>,;)]|$)"  # addresses
    r"|(?<=[\w/])#\d{1,10}(?!\d)"  # app#4829
    r"|(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)(?::\d{1,5})?"  # IPv4
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:]{0,40}"  # IPv6
    r"|(?<!\d)\d{4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}(?:日|T[\d:.]{4,15}Z?)?"  # 2026-03-14
    r"|(?<!\d)\d{1,2}[-/.]\s?\d{1,2}[-/.]\s?(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[/.]\d{1,2}[/.]\d\d(?!\d)"  # 14.03.26
    r"|(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?!\d)"  # times
    r"|(?<![\w])\+\s?\d[\d\s()./-]{6,24}\d"  # +49 30 1234567
    r"|(?<!\d)\(\d{2,5}\)[\s-]?\d[\d\s./-]{3,16}\d|(?<!\d)0\d{1,4}\s?/\s?\d[\d\s-]{3,12}\d"  # (030) 1234567, 030/123
    r"|(?<![\d-])(?:\d[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}(?!\d)|(?<!\d)0\d(?: \d\d){4}(?!\d)"  # 555 010 4477, 01 23 45 …
    r"|(?<!\d)[18][ -]8\d\d[ -][\dA-Z]{3}[ -][\dA-Z]{4}"  # 1-800-…
    r"|(?<!\d)\d{1,3}(?:[.,' ]\d{3})+[.,]\d{1,2}(?!\d)|(?<!\d)\d{1,3}(?:,\d{3})+(?!\d)"
    r"|(?<!\d)\d+[.,]\d{1,2}(?![\d.分秒])"  # prices
    r"|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
)
_SHAPES: Final = re.compile(
    rf"{_BEFORE}(?:"
    r"(?P<spaced>[0-9A-Z](?:(?: ?\| ?| ?· ?| )[0-9A-Z]){3,9})"
    r"|(?P<grouped>\d{3}[ –-]\d{3}[ –-]\d{3}|\d{3}[ –-]\d{3,4}|\d{4}[ –-]\d{4}|\d{5}[ –-]\d{5}|\d{4} \d{3}"
    r"|\d\d \d\d \d\d(?: \d\d)?|\d{3} \d\d \d{3})"
    r"|(?P<digits>\d{4,10})"
    r"|(?P<mixed>(?=[A-Za-z-]{0,12}\d)(?=[\d-]{0,12}[A-Za-z])[A-Za-z0-9]{1,10}(?:-[A-Za-z0-9]{2,10}){0,3})"
    r"|(?P<letters>[A-Z]{3,5}-[A-Z]{3,5}|[A-Z]{5,8})"
    rf"){_AFTER}(?!(?: |-)\d{{3}}(?!\d))"
)


class Candidate(NamedTuple):
    """`line[start:end]` might be the code `value`."""

    start: int
    end: int
    value: str
    shape: Shape


def blanked(shown: str) -> str:
    """The line, as long as before, without what is known to be something else."""
    return _NOT_CODES.sub(lambda match: "\x01" * (match.end() - match.start()), shown)


def candidates(line: str) -> list[Candidate]:
    """From a blanked line, at most 20."""
    found: list[Candidate] = []
    for match in _SHAPES.finditer(line):
        shape: Shape = match.lastgroup  # pyright: ignore[reportAssignmentType]
        value = _typed(match[0], shape)
        if 4 <= len(value.replace("-", "")) <= 16:
            found.append(Candidate(match.start(), match.end(), value, shape))
            if len(found) == _MOST:
                break
    return found


def _typed(source: str, shape: Shape) -> str:
    """What is to be typed: digits without what groups them for the eye; letters with digits as they are written."""
    if shape == "spaced":
        return re.sub(r"[ |·]", "", source)
    if shape == "grouped":
        return re.sub(r"\D", "", source)
    return source
