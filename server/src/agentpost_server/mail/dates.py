"""The Date field (RFC 5322 3.3) with its obsolete forms. A date that cannot be true is no date."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from agentpost_server.mail.findings import Findings

_MONTH_NAMES: Final = "janfebmaraprmayjunjulaugsepoctnovdec"
_MONTHS: Final = {_MONTH_NAMES[n * 3 : n * 3 + 3]: n + 1 for n in range(12)}
_DATE: Final = re.compile(
    r"(?:[A-Za-z]{2,9}\.?,?\s{0,5})?(\d{1,2})[ \t-]{1,5}([A-Za-z]{3})[a-z.]{0,7}[ \t,-]{1,5}(\d{2,4})[ \t]{1,5}"
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\.\d{1,9})?\s{0,5}(?:(?:GMT|UTC)?([+-])(\d{2}):?(\d{2})|([A-Za-z]{1,5}))?(?![\d:])",
    re.ASCII,
)
# RFC 5322 4.3: the zones that have a meaning; all others are UTC.
_ZONES: Final = {"EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8}
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2999
_CHARACTERS: Final = 200


def read_date(raw: str | None, findings: Findings) -> datetime | None:
    """The moment in UTC, or None when the field is missing, unreadable or implausible."""
    if raw is None:
        return None
    match = _DATE.match(raw[:_CHARACTERS].strip())
    moment = _moment(match) if match else None
    if moment is None:
        findings.defect("bad_date")
    return moment


def _moment(match: re.Match[str]) -> datetime | None:
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes, zone_name = match.groups()
    full_year = int(year)
    if len(year) < 4:
        # RFC 5322 4.3: 00-49 is this century, 50-99 and three digits count from 1900.
        full_year += 2000 if len(year) == 2 and full_year < 50 else 1900
    offset = timedelta(hours=_ZONES.get((zone_name or "").upper(), 0))
    if sign:
        offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes)) * (-1 if sign == "-" else 1)
    number = _MONTHS.get(month.lower())
    if number is None or not _FIRST_YEAR <= full_year <= _LAST_YEAR or abs(offset) >= timedelta(hours=24):
        return None
    try:
        # A leap second has no place in datetime.
        local = datetime(
            full_year, number, int(day), int(hour), int(minute), min(int(second or 0), 59), 0, timezone(offset)
        )
        moment = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= _FIRST_YEAR else None
