"""Reading values of foreign JSON: what is not of the wished type is absent, and every text can be stored."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, cast

from agentpost_server.mail.charsets import storable_header
from agentpost_server.outbound.told import BounceType

_TEXT: Final = 500
_RECIPIENTS: Final = 100
_MESSAGE_ID: Final = re.compile(r"<?([!-;=?-~]{1,900})>?")
_ENHANCED: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b", re.ASCII)
_SMTP: Final = re.compile(r"(?<![\d.])([245]\d\d)(?![\d.])", re.ASCII)
_LATEST: Final = 4_000_000_000

_NOTHING: Final[Mapping[str, Any]] = {}


class Codes(NamedTuple):
    """What a receiving server's answer says by numbers."""

    smtp: int | None
    enhanced: str | None


def record(value: object) -> Mapping[str, Any]:
    """A JSON object; empty for anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else _NOTHING


def records(value: object) -> list[Mapping[str, Any]]:
    """The objects of an array, at most as many as a call has recipients."""
    return [record(one) for one in cast("Sequence[object]", value)[:_RECIPIENTS]] if isinstance(value, list) else []


def text(value: object, most: int = _TEXT) -> str | None:
    """A string in one line, fit to be stored; None for an empty one."""
    return storable_header(value[:most]).strip() or None if isinstance(value, str) else None


def texts(value: object) -> list[str]:
    """The strings of an array."""
    if not isinstance(value, list):
        return []
    found = [text(one) for one in cast("Sequence[object]", value)[:_RECIPIENTS]]
    return [one for one in found if one is not None]


def address(value: object) -> str | None:
    """An address, as it is or in angle brackets behind a name."""
    given = text(value)
    if given is None or not given.endswith(">"):
        return given
    return given[:-1].rpartition("<")[2].strip() or None


def message_id(value: object) -> str | None:
    """A Message-ID with its angle brackets, given with or without."""
    found = _MESSAGE_ID.fullmatch(text(value, 1000) or "")
    return f"<{found[1]}>" if found else None


def moment(value: object) -> datetime | None:
    """RFC 3339, or seconds since 1970."""
    if isinstance(value, int | float) and 0 <= value < _LATEST:
        return datetime.fromtimestamp(value, UTC)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
        return found.astimezone(UTC) if found is not None else None
    except (ValueError, OverflowError):
        return None


def codes(*said: object) -> Codes:
    """The codes in the first of the texts that has them."""
    given = [one for one in map(text, said) if one is not None]
    smtp = next((found for one in given if (found := _SMTP.search(one))), None)
    enhanced = next((found for one in given if (found := _ENHANCED.search(one))), None)
    return Codes(int(smtp[1]) if smtp else None, enhanced[1] if enhanced else None)


def bounce_type(found: Codes) -> BounceType:
    """By the first digit (RFC 3463 2): 5 is for good, 4 for now."""
    digit = (found.enhanced or str(found.smtp or ""))[:1]
    return "permanent" if digit == "5" else "transient" if digit == "4" else "undetermined"
