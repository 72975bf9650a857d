"""A mail as Markdown, for models: headings, lists, tables, links, code, quotes; what nobody sees left out.

Nothing in it is fetched by who renders it: pictures are their words, marked, and no word of the sender becomes one.
"""

from agentpost_server.mail.extract.own import own_lines, own_tokens
from agentpost_server.mail.html.tokens import read, strip_tags, too_large
from agentpost_server.mail.markdown.inline import clean, defuse
from agentpost_server.mail.markdown.model import Markdown, Part, of_lines
from agentpost_server.mail.markdown.write import Writer

__all__ = ["Markdown", "Part", "markdown_of"]

NOTHING = Markdown(())


def markdown_of(html: str | None, text: str | None) -> Markdown:
    """Of both bodies: the HTML's, as that is what a person sees; the text where there is none, or none that shows.

    Total and deterministic, in time linear in the bodies. HTML with more markup than is looked through gives way to the
    text, or is stripped of its tags.
    """
    if html and html.strip():
        found = _of_html(html, fallback=bool(text and text.strip()))
        if found.parts:
            return found
    return _of_text(text) if text else NOTHING


def _of_html(html: str, *, fallback: bool) -> Markdown:
    if too_large(html):
        return NOTHING if fallback else _of_text(" ".join(strip_tags(html).split()))
    page = read(html)
    return of_lines(Writer(page, own_tokens(page)).run())


def _of_text(text: str) -> Markdown:
    lines = clean(text.replace("\r\n", "\n")).split("\n")
    own = own_lines(lines)
    return of_lines([(defuse(line.rstrip()), not mine) for line, mine in zip(lines, own, strict=True)])
