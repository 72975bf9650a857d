"""docs/reference/http.md: every operation of the OpenAPI document, with parameters and examples."""

import json
import re
from collections.abc import Iterator
from typing import Any

from agentpost_server.app import openapi_document
from reference_pages.markdown import code, page, table

_INTRO = """
The base path is `/api/v1`. Send `Authorization: Bearer ap_sk_…`. Bodies are JSON; a field that is not known is refused.
The same reference for programs is `/api/v1/openapi.json`, and for people `/docs` on your own server.

- Lists take `limit` (1–100, default 50), `page_token` and `ascending`, and answer
  `{"data": […], "next_page_token": "…" or null}`.
- `AgentPost-Environment: env_…` or a slug chooses the environment. Without it: the key's only one, else the
  organization's default if the key may use it.
- `Idempotency-Key` makes a POST that creates or sends safe to repeat: see [Idempotency](../concepts/idempotency.md).
- Every answer carries `X-Request-Id`.
- Errors: [Error codes](errors.md). Scopes: [Scopes](scopes.md).
"""


def anchor(heading: str) -> str:
    """The fragment that Markdown renderers make of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def render() -> str:
    document = openapi_document()
    return page("HTTP API", _INTRO, _sections(document))


def _sections(document: dict[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"## {tag['name'].capitalize()}"
        for path, methods in document["paths"].items():
            for method, one in methods.items():
                if one["tags"] == [tag["name"]]:
                    yield _operation(document, f"{method.upper()} {path}", one)


def _operation(document: dict[str, Any], name: str, one: dict[str, Any]) -> str:
    parts = [f"### `{name}`", f"**{one['summary']}.** {_needs(one['x-agentpost-scope'])}", _words(one["description"])]
    if one["parameters"]:
        parts.append(table(["parameter", "in", "meaning"], [_parameter(document, p) for p in one["parameters"]]))
    if "requestBody" in one:
        parts += [_body(kind, content) for kind, content in one["requestBody"]["content"].items()]
    parts += [_answer(status, answer) for status, answer in one["responses"].items() if int(status) < 400]
    failures = [status for status in one["responses"] if int(status) >= 400]
    parts.append(f"Errors: {', '.join(failures)}.")
    return "\n\n".join(part for part in parts if part)


def _needs(scope: str) -> str:
    if scope == "public":
        return "No key needed."
    if scope == "any":
        return "Any valid key."
    return f"Scope [`{scope}`](scopes.md#{anchor(scope)})."


def _words(description: str) -> str:
    return "\n\n".join(part for part in description.split("\n\n") if not part.startswith("Needs the scope"))


def _parameter(document: dict[str, Any], given: dict[str, Any]) -> list[str]:
    one = document["components"]["parameters"][given["$ref"].rpartition("/")[2]] if "$ref" in given else given
    needed = ", required" if one.get("required") else ""
    return [f"`{one['name']}`", one["in"] + needed, one.get("description", "")]


def _body(kind: str, content: dict[str, Any]) -> str:
    return f"Request ({kind}):\n\n{_example(content)}" if "example" in content else f"Request: {kind}."


def _answer(status: str, answer: dict[str, Any]) -> str:
    parts = [f"{status} {answer['description']}"]
    for kind, content in answer.get("content", {}).items():
        parts.append(_example(content) if "example" in content else f"({kind})")
    return "\n\n".join(parts)


def _example(content: dict[str, Any]) -> str:
    return code("json", json.dumps(content["example"], indent=2, ensure_ascii=False))
