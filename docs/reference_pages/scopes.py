"""docs/reference/scopes.md: every scope and the paths that need it."""

from collections import defaultdict

from agentpost_server.accounts.scopes import SCOPES
from agentpost_server.app import openapi_document
from reference_pages.http import anchor
from reference_pages.markdown import page

_INTRO = """
A scope is `noun:action`. An API key holds a list of them; `*` holds all. A request without the scope that its path
needs is 403 `missing_scope`, and the answer names the scope. A key can never make a key with more than it has.

`messages:send` is a scope of its own: `messages:write` labels and deletes, and does not send. A key that is limited to
inboxes changes no setting, whatever its scopes say: it never gets policies, filter rules, API keys, webhooks, domains,
members or suppressions, nor `inboxes:write` and `environments:write`.
"""


def render() -> str:
    needed: dict[str, list[str]] = defaultdict(list)
    for path, methods in openapi_document()["paths"].items():
        for method, one in methods.items():
            name = f"{method.upper()} {path}"
            needed[one["x-agentpost-scope"]].append(f"- [`{name}`](http.md#{anchor(name)})")
    return page("Scopes", _INTRO, [_section(scope, needed[scope]) for scope in sorted(SCOPES - {"*"})])


def _section(scope: str, paths: list[str]) -> str:
    return f"## `{scope}`\n\n" + ("\n".join(paths) if paths else "Reserved: no path of this version needs it.")
