"""The places of a mail where words for a model can stand, seen or unseen; each bounded, so that all together are."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from agentpost_server.mail.extract.history import decide
from agentpost_server.mail.hidden import Hidden, find_hidden
from agentpost_server.mail.html.body import HtmlBody
from agentpost_server.mail.html.tokens import Kind, Page
from agentpost_server.mail.parsed import ParsedAttachment, ParsedMail
from agentpost_server.screening.injection.model import Where

CHARACTERS: Final = 64 * 1024
_HTML_CHARACTERS: Final = 512 * 1024
_MOST_LINES: Final = 4_000
_SHORTEST: Final = 12
_SHOWN: Final = frozenset({"subject", "text_body", "html_body"})
_FILES: Final = 10
_FILE_OCTETS: Final = 64 * 1024
_FIELDS: Final = 60
_FIELD_CHARACTERS: Final = 2_000
_TAGS: Final = 5_000
_ATTRIBUTES: Final = ("alt", "title", "summary", "label", "content", "placeholder", "value")
_TELLING: Final = re.compile(r"alt|title|summary|label|content|placeholder|value", re.IGNORECASE)
# Fields that machines write for machines; words in any other may be read to a model.
_MACHINES: Final = re.compile(
    r"received|return-path|dkim-signature|arc-.*|authentication-results|message-id|in-reply-to|references|date|"
    r"mime-version|"
    r"content-.*|from|to|cc|bcc|sender|reply-to|subject|list-(?:unsubscribe|post|help|archive|owner|"
    r"subscribe).*|feedback-id|"
    r"domainkey-signature|received-spf|x-(?:google|ms|microsoft|forefront|gm|sg|ses|mailgun|received|agentpost).*",
    re.IGNORECASE,
)
_TEXTS: Final = ("text/", "application/ics", "application/json", "application/csv", "application/xml")
_TEXT_NAMES: Final = (".ics", ".csv", ".txt", ".md", ".json", ".html", ".htm", ".vcf", ".xml", ".eml", ".log")


class Place(NamedTuple):
    where: Where
    text: str


def places_of(
    parsed: ParsedMail, body: HtmlBody | None, hidden: tuple[Hidden, ...], new_text: str | None
) -> list[Place]:
    """All of a mail's; `body` is its HTML, `hidden` is what both of its bodies hide."""
    text = (parsed.text_body or "")[:CHARACTERS]
    found = [Place("subject", parsed.subject[:CHARACTERS]), *_senders(parsed), *_fields(parsed)]
    found += [*_text(text, new_text), *_hidden(hidden), *_page(body), *_files(parsed.attachments)]
    return _once(found)


def _once(found: list[Place]) -> list[Place]:
    """Without what is too short to say anything, and without what stood there before: most HTML repeats the text."""
    seen: set[str] = set()
    kept: list[Place] = []
    for one in found:
        words = "".join(one.text.split())
        if len(words) >= _SHORTEST and words not in seen:
            kept.append(one)
            if one.where in _SHOWN:
                seen.add(words)
    return kept


def _senders(parsed: ParsedMail) -> Iterator[Place]:
    for one in (*parsed.from_addresses[:5], *parsed.reply_to[:5], *parsed.to[:20], *parsed.cc[:20]):
        if one.name:
            yield Place("sender", one.name[:_FIELD_CHARACTERS])


def _fields(parsed: ParsedMail) -> Iterator[Place]:
    told = [(name, value) for name, value in parsed.headers if not _MACHINES.fullmatch(name[:100])]
    for _, value in told[:_FIELDS]:
        yield Place("header", value[:_FIELD_CHARACTERS])


def _text(text: str, new: str | None) -> Iterator[Place]:
    """Most new words are how the text begins; then what is quoted is the rest."""
    if new is None or not text.startswith(new):
        yield from _lines("text_body", text)
    else:
        yield Place("text_body", new)
        yield Place("quoted", text[len(new) :])


def _lines(where: Where, text: str) -> Iterator[Place]:
    """The new words and, apart, what is quoted."""
    if not text.strip():
        return
    lines = text.split("\n")[:_MOST_LINES]
    keep = decide(lines).keep
    yield Place(where, "\n".join(line for line, kept in zip(lines, keep, strict=True) if kept))
    yield Place("quoted", "\n".join(line for line, kept in zip(lines, keep, strict=True) if not kept))


def _hidden(hidden: tuple[Hidden, ...]) -> Iterator[Place]:
    texts: dict[Where, list[str]] = {"hidden": [], "comment": []}
    for one in hidden:
        if one.text:
            texts["comment" if one.way == "comment" else "hidden"].append(one.text)
    for where, found in texts.items():
        yield Place(where, "\n".join(found)[:CHARACTERS])


def _page(body: HtmlBody | None) -> Iterator[Place]:
    if body is None:
        return
    if body.is_too_large:
        body = HtmlBody(body.source[:_HTML_CHARACTERS])
    yield from _lines("html_body", body.text[:CHARACTERS])
    if not body.is_too_large:
        yield Place("attribute", "\n".join(_attributes(body.page))[:CHARACTERS])


def _attributes(page: Page) -> Iterator[str]:
    tags = [one for one in page.tokens if one.attributes and one.kind != Kind.CLOSE and _TELLING.search(one.attributes)]
    for token in tags[:_TAGS]:
        attributes = page.attributes_of(token)
        for name in _ATTRIBUTES:
            if " " in (value := attributes.get(name, "")):
                yield value[:_FIELD_CHARACTERS]


def _files(attachments: tuple[ParsedAttachment, ...]) -> Iterator[Place]:
    for one in attachments[:_FILES]:
        yield Place("filename", re.sub(r"[_\-.+]+", " ", one.filename[:_FIELD_CHARACTERS]))
        if one.mime_type.startswith(_TEXTS) or one.filename.lower().endswith(_TEXT_NAMES):
            yield Place("attachment", _words(one))


def _words(file: ParsedAttachment) -> str:
    text = file.content[:_FILE_OCTETS].decode("utf-8", "replace")
    if "html" in file.mime_type or file.filename.lower().endswith((".html", ".htm")):
        body = HtmlBody(text)
        unseen = [one.text for one in find_hidden(body) if one.text]
        return "\n".join([body.text, *unseen])[:CHARACTERS]
    if "calendar" in file.mime_type or file.filename.lower().endswith(".ics"):
        # RFC 5545 3.1 folds lines, 3.3.11 escapes.
        return re.sub(r"\r?\n[ \t]", "", text).replace("\\n", "\n").replace("\\,", ",")
    return text
