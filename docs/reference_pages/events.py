"""docs/reference/events.md: every type of event with an example of its data."""

import json

from agentpost_server.events import EVENT_TYPES
from agentpost_server.webhooks.examples import example_data
from reference_pages.event_words import WORDS
from reference_pages.markdown import code, page
from reference_pages.source import composes, says

_CATALOGUES = ("events/types.py", "webhooks/examples.py")
_INTRO = """
An event is written in the transaction of the change that it tells of: no event without its change, no change without
its event. The same envelope stands in `GET /events`, in webhooks, in a WebSocket frame and in a server-sent event.

```json
{
  "id": "evt_01JQ8XK3B2M4N6P8R0S2T4V6W8",
  "type": "message.received",
  "timestamp": "2026-03-01T12:00:00.000Z",
  "org_id": "org_01JQ8XK3B2M4N6P8R0S2T4V6W8",
  "env_id": "env_01JQ8XK3B2M4N6P8R0S2T4V6W8",
  "data": {}
}
```

Below is `data` by type. Addresses in it are plain strings. It may gain fields: ignore what you do not know. In webhooks
and streams, `data` over 64 KiB loses its texts and says `"truncated": true`; read the message for the rest.
Order and delivery: [Events](../concepts/events.md).
"""


def render() -> str:
    if missing := EVENT_TYPES ^ WORDS.keys():
        raise SystemExit(f"docs/reference_pages/event_words.py and events/types.py disagree about {sorted(missing)}")
    return page("Events", _INTRO, [_section(name) for name in WORDS])


def _section(name: str) -> str:
    words, data = WORDS[name], example_data(name)
    del data["test"]
    reserved = "" if _written(name) else "\n\nReserved: this version never writes it."
    return f"## `{name}`\n\n{words}{reserved}\n\n" + code("json", json.dumps(data, indent=2, ensure_ascii=False))


def _written(name: str) -> bool:
    return says(name, outside=_CATALOGUES) or composes(*name.split("."))
