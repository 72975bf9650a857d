"""Files that are text: plain, CSV, calendars, HTML, mails. A calendar's repetitions are not expanded (M-32)."""

import codecs
import re
from typing import Final

from agentpost_server.mail.charsets import decode, guess
from agentpost_server.mail.file_text.pages import Pages
from agentpost_server.mail.html import html_to_text
from agentpost_server.mail.model import Address
from agentpost_server.mail.parse import parse

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META: Final = re.compile(rb"""<meta\s[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?([\w.:-]{1,40})""", re.IGNORECASE)
_META_WINDOW: Final = 2_048
# RFC 5545 section 3.1: a line that begins with a blank goes on the one before.
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_ESCAPE: Final = re.compile(r"\\([nN,;\\])")


def read_text(content: bytes, pages: Pages) -> None:
    pages.add_pieces(_text(content))


def read_calendar(content: bytes, pages: Pages) -> None:
    """Its lines, unfolded. Line ends within a value go on with a blank in front, so that none looks like a property."""
    lines = _FOLD.sub("", _text(content))
    pages.add_pieces(_ESCAPE.sub(lambda found: "\n  " if found[1] in "nN" else found[1], lines))


def read_page(content: bytes, pages: Pages) -> None:
    told = _META.search(content[:_META_WINDOW])
    pages.add_pieces(html_to_text(_text(content, told[1].decode("ascii", "replace") if told else None)))


def read_mail(content: bytes, pages: Pages) -> None:
    """Author, recipients, subject and words of a mail. Its own files are not read."""
    mail = parse(content)
    lines = [
        f"From: {_name(mail.from_address)}",
        f"To: {', '.join(_name(one) for one in mail.to)}",
        f"Subject: {mail.subject}",
        "",
        mail.text_body or html_to_text(mail.html_body or ""),
    ]
    pages.add_pieces("\n".join(lines))


def _name(address: Address | None) -> str:
    if address is None:
        return ""
    return f"{address.name} <{address.email}>" if address.name else address.email


def _text(content: bytes, label: str | None = None) -> str:
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return (
                content[len(mark) :].decode(codec, "replace") if codec == "utf-8" else content.decode(codec, "replace")
            )
    if label is not None:
        return decode(content, label)[0]
    return guess(content)
