"""The pages hold together: reference pages are what the code says, everything has its heading, links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from agentpost_server.accounts.scopes import SCOPES
from agentpost_server.app import openapi_document
from agentpost_server.events import EVENT_TYPES
from agentpost_server.settings import Settings
from agentpost_server.web.reference.errors import ERROR_CODES

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "server" / "README.md"])
_CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")


def headings(page: Path) -> list[str]:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    return re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_reference_pages_are_what_the_code_says() -> None:
    run = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("settings.md", {f"AGENTPOST_{one.name.upper()}" for one in msgspec.structs.fields(Settings)}),
        ("events.md", EVENT_TYPES),
        ("errors.md", ERROR_CODES.keys()),
        ("scopes.md", SCOPES - {"*"}),
        ("http.md", {f"{m.upper()} {path}" for path, one in openapi_document()["paths"].items() for m in one}),
        ("cli.md", {f"agentpost-server {one}" for one in ("up", "serve", "migrate", "status", "keys create")}),
    ],
)
def test_everything_that_has_a_name_has_a_heading(page: str, names: set[str]) -> None:
    found = {one.strip("`") for one in headings(DOCS / "reference" / page)}
    assert names - found == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_and_nothing_is_fetched_from_outside(page: Path) -> None:
    for image, target in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith(("https://", "http://")):
            assert not image, f"{target} would be fetched by whoever reads the page"
            continue
        path, _, fragment = target.partition("#")
        wanted = (page.parent / path).resolve() if path else page
        assert wanted.exists(), f"{target} leads nowhere"
        assert wanted.is_relative_to(ROOT), f"{target} leads out of the repository"
        if fragment:
            assert fragment in {anchor(one) for one in headings(wanted)}, f"{target}: there is no such heading"


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        for _, target in _LINK.findall(page.read_text(encoding="utf-8")):
            path = target.partition("#")[0]
            if path and not target.startswith("http"):
                waiting.append((page.parent / path).resolve())
    assert {str(page.relative_to(ROOT)) for page in PAGES if page not in seen} <= {"server/README.md"}


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 150


def test_files_that_the_architecture_names_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    source = ROOT / "server" / "src" / "agentpost_server"
    table = text[text.index("## Where to look") : text.index("## A newcomer")]
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", table):
        assert (source / name).exists() or (ROOT / name).exists() or any(source.glob(f"*/{name}")), name
