"""Word documents: the text with its tables, then headers, notes and comments. They have no pages before someone lays
them out, so their text comes in pieces."""

from typing import Final

from agentpost_server.mail.file_text.package import Package
from agentpost_server.mail.file_text.pages import Pages
from agentpost_server.mail.file_text.paragraphs import words_of

_BESIDE: Final = ("header", "footer", "footnotes", "endnotes", "comments")


def read_docx(content: bytes, pages: Pages) -> None:
    package = Package(content)
    main = package.main()
    texts = [words_of(package, main, pages)]
    beside = [(kind, target) for kind, target in package.targets(main).values() if kind in _BESIDE]
    for _, target in sorted(beside, key=lambda one: (_BESIDE.index(one[0]), one[1])):
        if pages.is_full():
            break
        if package.has(target) and (text := words_of(package, target, pages).strip()) and text not in texts:
            texts.append(text)
    pages.add_pieces("\n\n".join(one.strip("\n") for one in texts))
