"""Plain text from HTML, as a person would write it down: `text <link>`, `- item`, `cell | cell`, `> quote`."""

from agentpost_server.mail.html.body import HtmlBody


def html_to_text(html: str) -> str:
    """Readable text of `html`, lines ended by LF, without NUL. What is hidden, scripted or styled does not appear.

    More than 30,000 tags, 100,000 lines or 8 million characters are read crudely (tags become blanks), so that time
    stays bounded.
    """
    return HtmlBody(html).text
