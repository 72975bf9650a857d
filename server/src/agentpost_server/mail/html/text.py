"""Plain text from HTML, as a person would write it down: `text <link>`, `- item`, `cell | cell`, `> quote`."""

from agentpost_server.mail.html.layout import lay_out
from agentpost_server.mail.html.tokens import read, strip_tags, too_large


def html_to_text(html: str) -> str:
    """Readable text of `html`, lines ended by LF, without NUL. What is hidden, scripted or styled does not appear.

    More than 30,000 tags, 100,000 lines or 8 million characters are read crudely (tags become blanks), so that time
    stays bounded.
    """
    source = html.replace("\0", "\ufffd") if "\0" in html else html
    if too_large(source):
        text = " ".join(strip_tags(source).split())
    else:
        text = "\n".join(line.rendered for line in lay_out(read(source)).lines)
    return text.strip("\n").rstrip()
