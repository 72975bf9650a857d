"""Presentations: a page a slide, in the order of showing. Speaker notes, charts and pictures are not read."""

import re
from typing import Final

from agentpost_server.mail.file_text.package import Package, read_xml
from agentpost_server.mail.file_text.pages import Pages
from agentpost_server.mail.file_text.paragraphs import words_of

_HIDDEN: Final = re.compile(rb"""<(?:\w{1,20}:)?sld\s[^>]{0,4000}\bshow=["'](?:0|false)["']""")


def read_pptx(content: bytes, pages: Pages) -> int:
    """Answers how many slides there are."""
    package = Package(content)
    main = package.main()
    slides = _slides(package, main)
    for part in slides:
        if pages.is_full():
            break
        text = words_of(package, part, pages) if package.has(part) else ""
        pages.add(f"(hidden slide)\n{text}" if text and _is_hidden(package, part) else text)
    return len(slides)


def _slides(package: Package, main: str) -> list[str]:
    targets = package.targets(main)
    found: list[str] = []

    def start(tag: str, values: dict[str, str]) -> None:
        # Its `id` without a namespace is a number; the one with it names the part.
        relation = next((value for key, value in values.items() if key.endswith(" id")), "")
        if tag == "sldId" and relation in targets:
            found.append(targets[relation][1])

    read_xml(package.pieces(main), start)
    return found


def _is_hidden(package: Package, part: str) -> bool:
    return _HIDDEN.search(next(package.pieces(part), b"")) is not None
