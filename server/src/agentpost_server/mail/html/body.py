"""An HTML body that is read once for all who ask about it: its tokens, what it hides, and the lines a person sees.

New words, hidden words, spam and words for models are all judged by these, so that what one of them takes for hidden is
hidden to the others, too, and no mail is taken apart twice.
"""

from functools import cached_property

from agentpost_server.mail.html.conceal import Concealed, concealed
from agentpost_server.mail.html.layout import Layout, lay_out
from agentpost_server.mail.html.tokens import Page, read, strip_tags, too_large


class HtmlBody:
    """`source` is the HTML without NUL. Each of the others is made when it is asked for, and once.

    `is_too_large`: more markup than is laid out; who asks for `page`, `hiding` and `layout` all the same bounds it.
    """

    def __init__(self, html: str) -> None:
        self.source = html.replace("\0", "\ufffd") if "\0" in html else html
        self.is_too_large = too_large(self.source)

    @cached_property
    def page(self) -> Page:
        return read(self.source)

    @cached_property
    def hiding(self) -> Concealed:
        return concealed(self.page)

    @cached_property
    def layout(self) -> Layout:
        return lay_out(self.page, self.hiding.ways)

    @cached_property
    def text(self) -> str:
        """See `html_to_text`."""
        if self.is_too_large:
            text = " ".join(strip_tags(self.source).split())
        else:
            text = "\n".join([line.rendered for line in self.layout.lines])
        return text.strip("\n").rstrip()
