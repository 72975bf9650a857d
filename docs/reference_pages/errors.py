"""docs/reference/errors.md: the catalogue of error codes."""

from agentpost_server.web.reference.errors import ERROR_CODES
from reference_pages.markdown import page
from reference_pages.source import says

_CATALOGUES = ("web/reference/errors.py",)
_INTRO = """
Every error is `application/problem+json` (RFC 9457), the 404 of an unknown path and the 500 of a bug included. `code`
is stable: branch on it, not on `detail`. `fix` is one sentence that says what to do next. `errors` names fields by
path, such as `to[0].email`. `request_id` is also in the header `X-Request-Id` and in the server's log. `type` leads to
the same catalogue on the server itself, at `/docs/errors`.

```json
{
  "type": "http://127.0.0.1:8025/docs/errors#missing_scope",
  "title": "Missing scope",
  "status": 403,
  "detail": "This key lacks the scope messages:send.",
  "code": "missing_scope",
  "errors": [],
  "fix": "Create a key with messages:send.",
  "request_id": "req_01JQ8XK3B2M4N6P8R0S2T4V6W8"
}
```

Repeat a request after 408, 429, 500 and 503, with the same `Idempotency-Key`. The other errors stay until the request
or the state changes.
"""


def render() -> str:
    return page("Error codes", _INTRO, [_section(name) for name in ERROR_CODES])


def _section(name: str) -> str:
    one = ERROR_CODES[name]
    reserved = "" if says(name, outside=_CATALOGUES) else "\n\nReserved: this version never answers it."
    return f"## `{name}`\n\nStatus {one.status}. {one.cause} **What to do:** {one.fix}{reserved}"
