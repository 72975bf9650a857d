"""Rules on subject and bodies. Each looks at how words, links and pictures stand to each other, never at the topic."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from agentpost_server.mail.homograph import is_mixed_script
from agentpost_server.mail.html.body import HtmlBody
from agentpost_server.mail.parsed import ParsedMail
from agentpost_server.screening.markup import Markup, read_markup
from agentpost_server.screening.sites import site

CHARACTERS: Final = 64 * 1024
_LINKS: Final = 200
_WORD_CHARACTERS: Final = 8 * 1024
# Split, so that this file is no test mail itself.
_GTUBE: Final = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
_URL: Final = re.compile(r"https?://[^\s<>\"')\]]{1,2000}", re.IGNORECASE)
_TARGET: Final = re.compile(r"\s*(?:https?:)?//([^/?#\s]{1,1000})", re.IGNORECASE)
_SHOWN_HOST: Final = re.compile(
    r"(?:https?://)?((?:[a-z0-9-]{1,63}\.){1,9}[a-z]{2,24})(?:[/?#:]\S{0,500})?", re.IGNORECASE
)
_SURE_ENDS: Final = (".com", ".net", ".org", ".gov", ".edu")
_NUMBER: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|0x[0-9a-f]{8}|\d{8,10}", re.IGNORECASE)
_GAPS: Final = re.compile(r"(?<![^\W_])(?:[^\W\d_][ ._*-]){4,}[^\W\d_](?![^\W_])")
_CRIES: Final = re.compile(r"!\s?!|\$\$")
_REPLY: Final = re.compile(r"re\s?:", re.IGNORECASE)
_UNSEEN: Final = re.compile("[A-Za-z][\u200b\u2060\ufeff]+[A-Za-z]")
# Cyrillic letters that are drawn like Latin ones, beside Latin letters.
_LOOKALIKE: Final = "аеорсухіјѕһԁАВЕКМНОРСТХІЈЅ"
_DISGUISED: Final = re.compile(f"[A-Za-z][{_LOOKALIKE}][A-Za-z]|(?<!\\w)[{_LOOKALIKE}][A-Za-z]{{2}}")
_FEW_WORDS: Final = 8
_HIDDEN_WORDS: Final = 40
_LISTED: Final = ("list", "auto_generated")


class Link(NamedTuple):
    """Where it leads, and the words it shows ("" for a bare one)."""

    host: str
    user: bool
    shown: str


def subject(parsed: ParsedMail) -> Iterator[str]:
    text = parsed.subject
    if len(text) >= 12 and text.isupper() and " " in text and sum(map(str.isalpha, text)) * 2 > len(text):
        yield "subject_capitals"
    if _GAPS.search(text):
        yield "subject_spaced"
    if _CRIES.search(text):
        yield "subject_cries"
    if _REPLY.match(text) and not parsed.in_reply_to and not parsed.references:
        yield "subject_fake_reply"


def bodies(parsed: ParsedMail, author_domain: str, body: HtmlBody | None) -> Iterator[str]:
    """Both bodies together: what stands in one only would be hidden in the other."""
    text = (parsed.text_body or "")[:CHARACTERS]
    if _GTUBE in text or (body is not None and body.source.find(_GTUBE, 0, CHARACTERS) >= 0):
        yield "gtube"
    markup = read_markup(body, CHARACTERS) if body is not None and body.source else None
    seen = f"{parsed.subject}\n{text}\n{markup.visible if markup else ''}"
    if not seen.isascii():
        yield from _disguises(seen)
    links = _links(text, markup)
    words = max(_words(text, links), markup.words if markup else 0)
    yield from _proportions(parsed, links, words, markup)
    yield from _targets(links, author_domain, listed=parsed.loop_class in _LISTED)
    if markup is not None:
        yield from _html(markup, alone=not text.strip())


def _disguises(seen: str) -> Iterator[str]:
    if sum(1 for _ in _DISGUISED.finditer(seen)) > 1:
        yield "disguised_words"
    if sum(1 for _ in _UNSEEN.finditer(seen)) > 1:
        yield "split_words"


def _proportions(parsed: ParsedMail, links: list[Link], words: int, markup: Markup | None) -> Iterator[str]:
    pictures = markup is not None and markup.pictures > 0
    if not parsed.subject and not parsed.attachments:
        if not words and not links and not pictures:
            yield "empty"
        elif words < _FEW_WORDS and (links or pictures):
            yield "bare_link"
    if markup is not None and markup.linked_pictures and words < _FEW_WORDS:
        yield "picture_only"
    if len(links) >= 5 and words < 4 * len(links):
        yield "many_links_few_words"


def _targets(links: list[Link], author_domain: str, *, listed: bool) -> Iterator[str]:
    author = site(author_domain)
    for link in links:
        if link.user:
            yield "link_with_user"
        if _NUMBER.fullmatch(link.host):
            yield "link_to_number"
        elif "xn--" in link.host and is_mixed_script(link.host):
            yield "link_mixed_script"
        shown = _shown_site(link.shown)
        if shown and shown != site(link.host):
            # Shops and lists count clicks: their links show their own site and pass through a counter's.
            yield "link_tracked" if listed or author in (shown, site(link.host)) else "link_deceives"


def _html(markup: Markup, *, alone: bool) -> Iterator[str]:
    if alone:
        yield "html_only"
    if markup.hidden_words >= _HIDDEN_WORDS and markup.hidden_words > markup.words:
        yield "hidden_text"
    if markup.password:
        yield "asks_password"
    elif markup.form:
        yield "form"


def _links(text: str, markup: Markup | None) -> list[Link]:
    """The links of the HTML, which has those of the text too; else those of the text."""
    if markup is not None and markup.links:
        pairs = markup.links[:_LINKS]
    elif "://" in text:
        pairs = [(match[0], "") for match, _ in zip(_URL.finditer(text), range(_LINKS), strict=False)]
    else:
        return []
    found: list[Link] = []
    for target, shown in pairs:
        if (match := _TARGET.match(target)) is not None:
            user, _, host = match[1].rpartition("@")
            found.append(Link(host.partition(":")[0].lower(), bool(user), shown))
    return found


def _shown_site(shown: str) -> str | None:
    """The site that a link's words name, when they are a URL or host and nothing else (and no file name)."""
    match = _SHOWN_HOST.fullmatch(shown) if "." in shown else None
    if match is None:
        return None
    host = match[1].lower()
    sure = shown.lower().startswith(("http", "www.")) or host.endswith(_SURE_ENDS)
    return site(host) if sure else None


def _words(text: str, links: list[Link]) -> int:
    """As many as matter, without the links among them."""
    return max(0, len(text[:_WORD_CHARACTERS].split()) - sum(not link.shown for link in links))
