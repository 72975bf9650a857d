"""docs/reference/settings.md: every attribute of Settings with its docstring."""

import msgspec

from agentpost_server import settings as module
from agentpost_server.settings import Settings
from reference_pages.markdown import page
from reference_pages.source import attribute_docs

_INTRO = """
A setting is an environment variable `AGENTPOST_<NAME>`, or a key of the same name in lower case in the TOML file that
`AGENTPOST_CONFIG` names. The environment wins over the file, a flag of the command over both. A wrong value stops the
start with a sentence that names the setting.

```toml
# agentpost.toml
public_url = "https://mail.example.com"
smtp_port = 25
```
"""


def render() -> str:
    docs = attribute_docs("settings.py", "Settings")
    return page("Settings", _INTRO, [_section(field, docs[field.name]) for field in msgspec.structs.fields(Settings)])


def _section(field: msgspec.structs.FieldInfo, text: str) -> str:
    return f"## `AGENTPOST_{field.name.upper()}`\n\n{text}\n\n{_takes(field)}. Default: {_default(field.default)}."


def _takes(field: msgspec.structs.FieldInfo) -> str:
    if choices := module._CHOICES.get(field.name):
        return "One of " + ", ".join(f"`{one}`" for one in choices)
    schema = msgspec.json.schema(field.type)
    if schema["type"] != "integer":
        return {"string": "Text", "boolean": "`true` or `false`", "number": "A number"}[schema["type"]]
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"A whole number from {low:,} to {high:,}"
    return "A whole number" if low is None else f"A whole number, at least {low:,}"


def _default(value: object) -> str:
    if value == "":
        return "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
