"""The original inside its answer: `> ` lines under an attribution, a blockquote, or a forward's header block.

The wording is the one most mail programs know how to fold away. HTML of strangers is bounded, then sanitised.
"""

from email.utils import format_datetime
from html import escape
from typing import Final

import nh3

from agentpost_server.mail.html import html_to_text
from agentpost_server.mail.model import Address
from agentpost_server.mail.reply.bounded_html import bounded_html
from agentpost_server.mail.reply.model import OriginalMail

# What of a mail is repeated in its answers: enough for any letter, too little to grow a thread without end.
MAX_QUOTED_CHARACTERS: Final = 200_000
_LEFT_OUT: Final = "[…]"
_QUOTE_STYLE: Final = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"


def quoted_text(original: OriginalMail) -> str:
    """`On <date>, <name> <email> wrote:` and the original's text behind `> `, ended by LF."""
    body = _text_of(original).removesuffix("\n").split("\n")
    quoted = (f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in body)
    return "\n".join((attribution(original), *quoted)) + "\n"


def quoted_html(original: OriginalMail) -> str:
    """The attribution and the original in a blockquote. Inline images do not travel along: their alt text stays."""
    head = escape(attribution(original), quote=False)
    body = _html_of(original, schemes={"http", "https", "mailto", "tel"})
    return (
        f'<div class="agentpost_quote"><div>{head}</div>'
        f'<blockquote type="cite" style="{_QUOTE_STYLE}">{body}</blockquote></div>'
    )


def forwarded_text(original: OriginalMail) -> str:
    """The header block of a forward and the whole text, unquoted, ended by LF."""
    lines = ["---------- Forwarded message ---------", *(f"{k}: {v}" for k, v in _header_block(original)), ""]
    return "\n".join(lines) + "\n" + _text_of(original).rstrip("\n") + "\n"


def forwarded_html(original: OriginalMail) -> str:
    """The same as HTML; `cid:` images stay, as a forward carries its inline files along."""
    rows = "".join(f"<div><b>{k}:</b> {escape(v, quote=False)}</div>" for k, v in _header_block(original))
    body = _html_of(original, schemes={"http", "https", "mailto", "tel", "cid"})
    return f'<div class="agentpost_quote"><div>---------- Forwarded message ---------</div>{rows}<br>{body}</div>'


def attribution(original: OriginalMail) -> str:
    """One line: who wrote when, as far as known."""
    who = _shown(original.from_address) if original.from_address else "Somebody"
    return f"On {format_datetime(original.date)}, {who} wrote:" if original.date else f"{who} wrote:"


def _header_block(original: OriginalMail) -> list[tuple[str, str]]:
    block = [("From", _shown(original.from_address))] if original.from_address else []
    if original.date:
        block.append(("Date", format_datetime(original.date)))
    block.append(("Subject", _line(original.subject)))
    block += [(k, ", ".join(map(_shown, v))) for k, v in (("To", original.to), ("Cc", original.cc)) if v]
    return block


def _text_of(original: OriginalMail) -> str:
    text = original.text_body
    if text is None:
        text = html_to_text(original.html_body or "")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_QUOTED_CHARACTERS:
        text = f"{text[:MAX_QUOTED_CHARACTERS]}\n{_LEFT_OUT}"
    return text


def _html_of(original: OriginalMail, schemes: set[str]) -> str:
    if original.html_body is None or len(original.html_body) > MAX_QUOTED_CHARACTERS:
        return escape(_text_of(original), quote=False).replace("\n", "<br>\n")
    return nh3.clean(bounded_html(original.html_body), url_schemes=schemes, link_rel=None)


def _shown(mailbox: Address) -> str:
    return f"{_line(mailbox.name)} <{_line(mailbox.email)}>" if mailbox.name else _line(mailbox.email)


def _line(text: str) -> str:
    """Without anything that could pose as a line of its own."""
    return " ".join(text.split())
