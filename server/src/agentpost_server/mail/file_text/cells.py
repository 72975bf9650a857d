"""Numbers of workbooks as a person sees them: days since 1900 are dates where the cell's format is one's."""

import re
from datetime import datetime, timedelta
from typing import Final

# The formats that every workbook knows without telling: dates, times, both.
_BUILT_IN: Final = frozenset({*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)})
_QUOTED: Final = re.compile(r'"[^"]{0,255}"|\\.|\[[^\]]{0,40}\]')
_DATE_LETTERS: Final = re.compile(r"[ymdhs]", re.IGNORECASE)
_LAST_DAY: Final = 2_958_465.99999


class Formats:
    """Which cell styles (`s`) are dates, read from the workbook's styles."""

    def __init__(self) -> None:
        self.from_1904 = False
        self._codes: dict[str, bool] = {}
        self._dates: list[bool] = []
        self._in_cells = False

    def start(self, tag: str, values: dict[str, str]) -> None:
        if tag == "numFmt":
            self._codes[values.get("numFmtId", "")] = _is_date(values.get("formatCode", ""))
        elif tag in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            self._in_cells = tag == "cellXfs"
        elif tag == "xf" and self._in_cells:
            number = values.get("numFmtId", "0")
            built_in = number.isdigit() and len(number) < 4 and int(number) in _BUILT_IN
            self._dates.append(self._codes.get(number, built_in))

    def is_date(self, style: str) -> bool:
        return style.isdigit() and len(style) < 7 and int(style) < len(self._dates) and self._dates[int(style)]


def shown(said: str, style: str, formats: Formats) -> str:
    """The number `said` in a cell of this style, with the fifteen digits that Excel shows."""
    try:
        number = float(said)
    except ValueError:
        return said
    if formats.is_date(style) and 0 <= number <= _LAST_DAY:
        return _moment(number, formats.from_1904)
    return said if said.lstrip("-").isdigit() else f"{number:.15g}"


def _moment(number: float, from_1904: bool) -> str:
    # The last of Excel's days before its wrong leap day of 1900 are one off; nobody writes them.
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)
    moment = start + timedelta(seconds=round(number * 86_400))
    if number < 1:
        return f"{moment:%H:%M:%S}"
    return f"{moment:%Y-%m-%d}" if number == int(number) else f"{moment:%Y-%m-%d %H:%M:%S}"


def _is_date(code: str) -> bool:
    # Elapsed time in brackets ([h]:mm) is a quantity and stays a number.
    if re.search(r"\[[hms]{1,4}\]", code, re.IGNORECASE):
        return False
    return _DATE_LETTERS.search(_QUOTED.sub("", code).partition(";")[0]) is not None
