"""What callers hand in, as it travels: paths, queries and JSON bodies."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final
from urllib.parse import quote

from agentpost._core.model import Model


class Omit(Enum):
    """Not given. In a change `None` empties a field, and this leaves it alone."""

    OMIT = "omit"


OMIT: Final = Omit.OMIT


def part(value: str) -> str:
    """One segment of a path. An empty one would name another path, so it is refused."""
    if not value or value in {".", ".."}:
        raise ValueError("an id is empty: give the id of what is meant")
    return quote(value, safe="@")


def many(value: Any) -> Any:
    """One where several may stand: `to="a@b.example"`, `labels="urgent"`."""
    return [value] if isinstance(value, str | Mapping | Model) else value


def query_of(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _in_query(value) for name, value in given.items() if value is not None}


def body_of(given: Mapping[str, Any], *, keep_null: bool) -> bytes:
    """JSON. Files' octets become base64, moments RFC 3339 in UTC."""
    kept = {name: value for name, value in given.items() if value is not OMIT and (keep_null or value is not None)}
    return json.dumps(kept, default=_in_json, ensure_ascii=False, separators=(",", ":")).encode()


def _in_query(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_in_query(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return str(value)


def _in_json(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, tuple | set | frozenset):
        return list(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    raise TypeError(f"a {type(value).__name__} cannot be sent as JSON")


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a datetime without a time zone: use datetime.now(UTC), or give it a tzinfo")
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
