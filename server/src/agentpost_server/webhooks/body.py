"""The octets that a delivery carries: the event's envelope, the same at every try. Pure.

Data over 64 KiB becomes thin: its largest values go, ids never do, and it says `truncated: true`. The receiver has the
ids to ask for the rest.
"""

from typing import Any, Final

import msgspec

from agentpost_server.events import Event, event_of

MAX_DATA_OCTETS: Final = 64 * 1024
# Whose words they are is told whatever else has to go.
_KEPT: Final = ("direction", "trust", "authentication", "flags")
_TRUNCATED: Final = b',"truncated":true'


def render(row: Any) -> bytes:
    """The body for a delivery's row that is joined with its event's."""
    event = event_of({**row, "id": row["event_id"], "type": row["event_type"]})
    if len(event.data) > MAX_DATA_OCTETS:
        event = msgspec.structs.replace(event, data=msgspec.Raw(thin(bytes(event.data))))
    return msgspec.json.encode(event)


def render_test(event_id: str, event_type: str, timestamp: str, org_id: str, env_id: str, data: object) -> bytes:
    """The body of an event that is made up for one endpoint and stands in no log."""
    envelope = Event(
        id=event_id,
        type=event_type,
        timestamp=timestamp,
        org_id=org_id,
        env_id=env_id,
        data=msgspec.Raw(msgspec.json.encode(data)),
    )
    return msgspec.json.encode(envelope)


def thin(data: bytes) -> bytes:
    """The JSON object `data` without its largest values, so that it fits; texts usually are the largest."""
    fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    fields.pop("truncated", None)
    size = len(_TRUNCATED) + sum(_octets(name, value) for name, value in fields.items())
    for name in sorted(fields, key=lambda one: len(fields[one]), reverse=True):
        if size <= MAX_DATA_OCTETS:
            break
        if not name.endswith("_id") and name not in _KEPT:
            size -= _octets(name, fields.pop(name))
    return msgspec.json.encode({**fields, "truncated": True})


def _octets(name: str, value: msgspec.Raw) -> int:
    return len(msgspec.json.encode(name)) + len(value) + 2
