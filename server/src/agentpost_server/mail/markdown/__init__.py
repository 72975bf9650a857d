"""A mail as Markdown, for models: headings, lists, tables, links, code, quotes; what nobody sees left out.

Nothing in it is fetched by who renders it: pictures are their words, marked, and no word of the sender becomes one.
"""

from agentpost_server.mail.extract.own import own_lines, own_tokens
from agentpost_server.mail.html.body import HtmlBody
from agentpost_server.mail.markdown.inline import clean, defuse
from agentpost_server.mail.markdown.model import Markdown, Part, of_lines
from agentpost_server.mail.markdown.write import Writer

__all__ = ["Markdown", "Part", "markdown_of"]

NOTHING = Markdown(())


def markdown_of(html: str | HtmlBody | None, text: str | None) -> Markdown:
    """Of both bodies: the HTML's, as that is what a person sees; the text where there is none, or none that shows.

    Total and deterministic, in time linear in the bodies. HTML with more markup than is looked through gives way to the
    text, or is stripped of its tags.
    """
    body = HtmlBody(html) if isinstance(html, str) else html
    if body is not None and body.source.strip():
        found = _of_html(body, fallback=bool(text and text.strip()))
        if found.parts:
            return found
    return _of_text(text) if text else NOTHING


def _of_html(body: HtmlBody, *, fallback: bool) -> Markdown:
    if body.is_too_large:
        return NOTHING if fallback else _of_text(body.text)
    return of_lines(Writer(body, own_tokens(body)).run())


def _of_text(text: str) -> Markdown:
    lines = clean(text.replace("\r\n", "\n")).split("\n")
    own = own_lines(lines)
    return of_lines([(defuse(line.rstrip()), not mine) for line, mine in zip(lines, own, strict=True)])
