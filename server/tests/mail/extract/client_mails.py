"""Mails as clients produce them, made of the phrases: each a body, and the new words that a reader would find in it."""

import textwrap
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from mail.extract.client_phrases import LANGUAGES, Phrases

SIGNATURE = "Bob Ross\nExample Ltd\n+49 30 1234567"


class Case(NamedTuple):
    """`new` is compared word for word; for a bare forward it is all that stands from the forward mark on."""

    language: str
    client: str
    text: str | None
    html: str | None
    new: str


def quoted(text: str, prefix: str = "> ") -> str:
    return "\n".join((prefix + line).rstrip() for line in text.split("\n"))


def wrapped(line: str, width: int = 76) -> str:
    """As Gmail breaks its attribution: at blanks, and between `<` and the address when it is too long."""
    parts = textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(parts)


def texts(p: Phrases) -> Iterator[tuple[str, str, str]]:
    one, two = p.new
    both, block, old = f"{one}\n\n{two}", "\n".join(p.block), f"Hi Bob,\n\n{p.old}\n\nAnn"
    split = p.gmail.replace(" <", " <\n", 1) if " <" in p.gmail else p.gmail
    yield "gmail", f"{both}\n\n{p.gmail}\n\n{quoted(old)}\n", both
    if split != p.gmail:
        yield "gmail", f"{both}\n\n{split}\n\n{quoted(old)}\n", both
    yield "gmail", f"{both}\n\n-- \n{SIGNATURE}\n\n\n{wrapped(p.gmail, 48)}\n\n{quoted(old)}\n", both
    yield "gmail", f"{p.gmail}\n\n{quoted(old)}\n>\n\n{both}\n", both
    yield "gmail", f"{one}\n\n{p.forward}\n{block}\n\n\n{old}\n", one
    yield "gmail", f"{p.forward}\n{block}\n\n\n{old}\n", f"{p.forward}\n{block}\n\n\n{old}\n"
    yield "apple", f"{both}\n\n{p.phone}\n\n{quoted(p.apple)}\n>\n{quoted(chr(0xFEFF) + old)}\n", both
    yield "apple", f"{both}\n\n{p.apple}\n\n{quoted(old)}\n", both
    yield "thunderbird", f"{p.bird}\n{quoted(old)}\n{one}\n\n{quoted(p.old)}\n\n{two}\n\n-- \n{SIGNATURE}\n", both
    yield "thunderbird", f"{both}\n\n{p.bird}\n{quoted(old)}\n", both
    yield "outlook", f"{both}\n\nBob\n\n{block}\n\n{old}\n", f"{both}\n\nBob"
    yield "outlook", f"{both}\r\n\r\n{p.original}\r\n{block}\r\n\r\n{old}\r\n", both
    rule = "_" * 32
    yield "outlook", f"{both}\n\n{p.phone}\n{rule}\n{block}\n\n{old}\n", both
    bold = "\n".join("*" + line.replace(":", ":*", 1) for line in p.block)
    yield "outlook", f"{both}\n\n*From:* x\n\n{p.phone}\n\n{bold}\n\n{old}\n", f"{both}\n\n*From:* x"
    yield "yahoo", f"{both}\n    {p.gmail}  \n \n {quoted(old)}\n", both
    yield (
        "proton",
        f"{both}\n\nSent with [Proton Mail](https://proton.me/mail/home) secure email.\n\n{p.apple}\n\n{quoted(old)}\n",
        both,
    )
    if p.apple.casefold() != p.apple and "@" in p.apple:
        yield "plain", f"{both}\n", both


def htmls(p: Phrases) -> Iterator[tuple[str, str, str]]:
    one, two = (escape(line) for line in p.new)
    both, old = f"{p.new[0]} {p.new[1]}", f"<p>Hi Bob,</p><p>{escape(p.old)}</p>"
    gmail, apple, bird, phone = escape(p.gmail), escape(p.apple), escape(p.bird), escape(p.phone)
    rows = [line.partition(":")[::2] for line in p.block]
    block = "<br>\n".join(f"<b>{escape(k)}:</b> {escape(v)}" for k, v in rows)
    attr = f'<div dir="ltr" class="gmail_attr">{gmail}<br></div>'
    cite = f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{old}</blockquote>'
    sign = '<div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">Bob Ross<br>Example Ltd</div>'
    yield (
        "gmail",
        f'<div dir="ltr"><div>{one}</div><div><br></div><div>{two}</div></div><br>'
        f'<div class="gmail_quote">{attr}{cite}</div>',
        both,
    )
    yield (
        "gmail",
        (
            f'<div dir="ltr">{one}<br>{two}<div><br></div>'
            f'<span class="gmail_signature_prefix">-- </span><br>{sign}</div>'
            f'<br><div class="gmail_quote gmail_quote_container">{attr}{cite}</div>'
        ),
        both,
    )
    yield "gmail", f'<div class="gmail_quote">{attr}{cite}<div>{one}</div>{cite}<div>{two}</div></div>', both
    yield (
        "gmail",
        f'<div dir="ltr">{one}<br>{two}</div><div class="gmail_extra"><br><div>{gmail}<br>{cite}</div></div>',
        both,
    )
    forward = f'<div dir="ltr" class="gmail_attr">{escape(p.forward)}<br>{block}<br></div>{old}'
    plain = f"{p.forward} {' '.join(p.block)} Hi Bob, {p.old}"
    yield "gmail", f'<div dir="ltr"><br><br><div class="gmail_quote">{forward}</div></div>', plain
    yield "gmail", f'<div dir="ltr">{one}<br><div class="gmail_quote">{forward}</div></div>', p.new[0]
    yield (
        "apple",
        (
            f'<html><body dir="auto">{one}<br><br>{two}<br><br><div dir="ltr">{phone}</div><div dir="ltr"><br>'
            f'<blockquote type="cite">{apple}<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">{old}'
            "</div></blockquote></body></html>"
        ),
        both,
    )
    yield (
        "apple",
        (
            f'<html><body><div>{one}</div><div>{two}</div><br><div><blockquote type="cite"><div>{apple}</div><br>'
            f"<div>{old}</div></blockquote></div><br></body></html>"
        ),
        both,
    )
    yield (
        "outlook",
        (
            f'<div class="WordSection1">'
            f'<p class="MsoNormal">{one}<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
            f'<p class="MsoNormal">{two}</p>'
            f'<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
            f'<p class="MsoNormal">{block}<o:p></o:p></p></div><p class="MsoNormal">{old}</p></div>'
        ),
        both,
    )
    yield (
        "outlook",
        (
            f'<div class="elementToProof">{one}</div><div>{two}</div>'
            f'<div id="Signature"><p>Bob Ross</p><p>Example Ltd</p></div>'
            f'<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
            f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{block}</font>'
            f"<div>&nbsp;</div></div><div>{old}</div>"
        ),
        both,
    )
    yield (
        "outlook",
        (
            f'<div dir="auto">{one}<br>{two}</div><div id="ms-outlook-mobile-signature">{phone}</div><hr>'
            f'<div id="divRplyFwdMsg">{block}</div>{old}'
        ),
        both,
    )
    yield (
        "yahoo",
        (
            f'<div class="yahoo-style-wrap"><div>{one}</div><div><br></div><div>{two}</div></div>'
            f'<div id="yahoo_quoted_12" '
            f'class="yahoo_quoted"><div><div>{gmail}</div><div>{old}</div></div></div>'
        ),
        both,
    )
    yield (
        "thunderbird",
        (
            f'<html><body><p>{one}</p><p>{two}</p><div class="moz-cite-prefix">{bird}<br></div><blockquote type="cite" '
            f'cite="mid:a@b">{old}</blockquote><pre class="moz-signature" cols="72">-- \nBob Ross</pre></body></html>'
        ),
        both,
    )
    yield (
        "thunderbird",
        (
            f'<div class="moz-cite-prefix">{bird}</div><blockquote type="cite">{old}</blockquote><p>{one}</p>'
            f'<blockquote type="cite">{old}</blockquote><p>{two}</p>'
        ),
        both,
    )
    yield (
        "proton",
        (
            f'<div style="font-family: Arial;">{one}</div><div>{two}</div>'
            f'<div class="protonmail_signature_block"><div>Sent with '
            f'<a href="https://proton.me/">Proton Mail</a> secure email.</div></div>'
            f'<div class="protonmail_quote">{apple}<br><br>'
            f'<blockquote class="protonmail_quote" type="cite">{old}</blockquote><br></div>'
        ),
        both,
    )


def cases() -> list[Case]:
    found: list[Case] = []
    for language, phrases in LANGUAGES.items():
        found += [Case(language, client, text, None, new) for client, text, new in texts(phrases)]
        found += [Case(language, client, None, html, new) for client, html, new in htmls(phrases)]
    return found
