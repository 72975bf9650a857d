"""The reference as one static page: no script, nothing fetched, so it works offline and under any policy."""

import json
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--line:#8883;--soft:#8881;--get:#2a7;--post:#27c;--delete:#c33;--patch:#a70}
body{font:15px/1.55 system-ui,sans-serif;margin:0;display:grid;grid-template-columns:17rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1rem;border-right:1px solid
var(--line);box-sizing:border-box}
nav a{display:block;color:inherit;text-decoration:none;padding:.1rem 0;font-size:13px}nav
h2{font-size:13px;margin:1rem 0 .2rem;text-transform:capitalize}
main{padding:1.5rem 2.5rem;max-width:60rem}section{border-top:1px solid var(--line);padding:1rem 0}
code,pre{font:13px/1.5 ui-monospace,monospace}
pre{background:var(--soft);padding:.8rem;overflow:auto;border-radius:6px;max-height:26rem}
.m{font-weight:700;text-transform:uppercase;font-size:12px}
.get{color:var(--get)}.post{color:var(--post)}.delete{color:var(--delete)}
.patch,.put{color:var(--patch)}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem
0;border-bottom:1px solid var(--line);font-size:14px}
@media(max-width:50rem){body{display:block}nav{position:static;height:auto}}
"""
_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>AgentPost API</title><style>{style}</style></head><body>"
)


def render_page(document: dict[str, Any]) -> str:
    """HTML of the whole document: every operation with its parameters, body, answers and an example."""
    found = [(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]
    tags = [tag["name"] for tag in document["tags"]]
    links = "".join(
        f"<h2>{escape(tag)}</h2>" + "".join(_link(*one) for one in found if one[2]["tags"] == [tag]) for tag in tags
    )
    sections = "".join(_section(document, *one) for tag in tags for one in found if one[2]["tags"] == [tag])
    info = document["info"]
    return (
        _HEAD.replace("{style}", _STYLE)
        + '<nav aria-label="Operations"><a href="/api/v1/openapi.json">openapi.json</a>'
        + f'<a href="/docs/errors">Error codes</a>{links}</nav>'
        + f"<main><h1>AgentPost API <small>{escape(info['version'])}</small></h1>"
        + f"{_paragraphs(info['description'])}{sections}</main></body></html>"
    )


def _link(path: str, method: str, one: dict[str, Any]) -> str:
    return f'<a href="#{one["operationId"]}"><span class="m {method}">{method}</span> {escape(one["summary"])}</a>'


def _section(document: dict[str, Any], path: str, method: str, one: dict[str, Any]) -> str:
    parts = [
        f'<section id="{one["operationId"]}"><h2>{escape(one["summary"])}</h2>',
        f'<p><span class="m {method}">{method}</span> <code>{escape(path)}</code></p>',
        _paragraphs(one["description"]),
        _parameters(document, one["parameters"]),
    ]
    if "requestBody" in one:
        parts.append("<h3>Request</h3>" + _example(one["requestBody"]["content"]["application/json"]))
    for status, answer in one["responses"].items():
        if int(status) < 400:
            parts.append(f"<h3>{status} {escape(answer['description'])}</h3>")
            parts += [_example(content) for content in answer.get("content", {}).values()]
    failures = [status for status in one["responses"] if int(status) >= 400]
    parts.append(f"<p>Errors: {', '.join(failures)}</p></section>")
    return "".join(parts)


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.split("\n\n") if part)


def _inline(text: str) -> str:
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if n % 2 else piece for n, piece in enumerate(pieces))


def _parameters(document: dict[str, Any], parameters: list[dict[str, Any]]) -> str:
    if not parameters:
        return ""
    rows: list[str] = []
    for given in parameters:
        one = document["components"]["parameters"][given["$ref"].rpartition("/")[2]] if "$ref" in given else given
        needed = " (required)" if one.get("required") else ""
        rows.append(
            f"<tr><td><code>{escape(one['name'])}</code></td><td>{one['in']}{needed}</td>"
            f"<td>{_inline(one.get('description', ''))}</td></tr>"
        )
    return f"<table><tr><th>Parameter</th><th>In</th><th></th></tr>{''.join(rows)}</table>"


def _example(content: dict[str, Any]) -> str:
    if "example" not in content:
        return ""
    return f"<pre>{escape(json.dumps(content['example'], indent=2, ensure_ascii=False))}</pre>"


def render_front(version: str) -> str:
    """The page at `/`: that it runs, and where to go."""
    return (
        _HEAD.replace(
            "{style}", "body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}"
        )
        + f"<main><h1>AgentPost {escape(version)} is running</h1><p>Mail for agents, on this machine.</p><ul>"
        + '<li><a href="/docs">API reference</a></li><li><a href="/docs/errors">Error codes</a></li>'
        + '<li><a href="/api/v1/openapi.json">openapi.json</a></li><li><a href="/readyz">Readiness</a></li></ul>'
        + "<p>The console is not built yet: use the API with a key that <code>up</code> printed.</p>"
        + "</main></body></html>"
    )
