"""The new words of a mail: what its writer typed, without the history below it and without signatures.

The full bodies stay with the caller; these are what an agent reads first, what previews and searches are made of.
"""

import msgspec

from agentpost_server.mail.extract.markup import extract_html, new_html
from agentpost_server.mail.extract.text import extract_text
from agentpost_server.mail.html import html_to_text
from agentpost_server.mail.html.body import HtmlBody

__all__ = ["Extracted", "extract", "extract_html", "extract_text"]


class Extracted(msgspec.Struct, frozen=True):
    """New words only; `""` for a reply without any. `html` is not sanitised. None where the mail has no such body."""

    text: str | None
    html: str | None


def extract(text: str | None, html: str | HtmlBody | None) -> Extracted:
    """The new part of both bodies (SPEC 7). A mail with HTML alone gets its text from the new part of that.

    Total: any strings are accepted, time is linear in their length, and no word is added. Signs of history are the
    clients' own markup and the lines they write; without such signs everything is new.
    """
    body = HtmlBody(html) if isinstance(html, str) else html
    new = None if body is None else new_html(body)
    if text is not None and text.strip():
        return Extracted(text=extract_text(text), html=new)
    if body is None or new is None:
        return Extracted(text="" if text is not None else None, html=None)
    return Extracted(text=body.text if new == body.source else html_to_text(new), html=new)
