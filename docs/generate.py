"""Writes docs/reference from the code: `python docs/generate.py`, or with `--check` only says which pages are stale.

What a page tells of a setting, event, error, scope, path or command stands in the code once; nothing is copied here.
"""

import sys
from pathlib import Path

from reference_pages import cli, errors, events, http, scopes, settings

FOLDER = Path(__file__).parent / "reference"
PAGES = {
    "settings.md": settings.render,
    "http.md": http.render,
    "events.md": events.render,
    "errors.md": errors.render,
    "scopes.md": scopes.render,
    "cli.md": cli.render,
}


def main(arguments: list[str]) -> int:
    stale = [name for name, render in PAGES.items() if _read(name) != render()]
    if "--check" in arguments:
        for name in stale:
            sys.stderr.write(f"docs/reference/{name} is not what the code says: run `python docs/generate.py`\n")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name in stale:
        (FOLDER / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"wrote docs/reference/{name}\n")
    return 0


def _read(name: str) -> str:
    page = FOLDER / name
    return page.read_text(encoding="utf-8") if page.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
