"""What will be written: from a request, and the message that it answers, to subject, bodies, citations. Pure.

Recipients are decided first and apart, because the suppression list is asked with them; quoting comes later, as it may
take a while.
"""

from typing import Any, Literal
from uuid import UUID

import msgspec

from agentpost_server.mail.address import canonical
from agentpost_server.mail.compose import AutoSubmitted
from agentpost_server.mail.html import html_to_text
from agentpost_server.mail.model import Address
from agentpost_server.mail.reply import (
    OriginalMail,
    forward_subject,
    forwarded_html,
    forwarded_text,
    quoted_html,
    quoted_text,
    reply_all_recipients,
    reply_citations,
    reply_recipients,
    reply_subject,
)
from agentpost_server.outbound.check import Checked
from agentpost_server.outbound.model import Forward, Reply, Send

Way = Literal["send", "reply", "reply_all", "forward"]


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """The stored message that is answered, forwarded or cited."""

    id: UUID
    inbox_id: UUID
    thread_id: UUID
    mail: OriginalMail
    trust: str
    was_checked: bool
    flags: tuple[str, ...]
    loop_class: str


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about the words. `own_*` are the new ones alone, without what is quoted."""

    subject: str
    text_body: str | None
    html_body: str | None
    own_text: str
    own_html: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    thread_id: UUID | None
    auto_submitted: AutoSubmitted | None


def original_of(row: Any) -> Original:
    many = msgspec.json.Decoder(tuple[Address, ...])
    mail = OriginalMail(
        direction=row["direction"],
        from_address=msgspec.json.decode(row["from_address"], type=Address),
        reply_to=many.decode(row["reply_to_addresses"]),
        to=many.decode(row["to_addresses"]),
        cc=many.decode(row["cc_addresses"]),
        subject=row["subject"],
        message_id=row["message_id_header"],
        wire_message_ids=tuple(row["wire_message_ids"]),
        in_reply_to=row["in_reply_to"],
        references=tuple(row["reference_ids"]),
        date=row["received_at"] or row["created_at"],
        text_body=row["text_body"],
        html_body=row["html_body"],
    )
    checks: dict[str, Any] = msgspec.json.decode(row["authentication"]) if row["authentication"] else {}
    return Original(
        id=row["id"],
        inbox_id=row["inbox_id"],
        thread_id=row["thread_id"],
        mail=mail,
        trust=row["trust"],
        was_checked=checks.get("checked_by") is not None,
        flags=tuple(row["flags"]),
        loop_class=row["loop_class"],
    )


def addressed(
    way: Way, checked: Checked, original: Original | None, own_email: str, *, unattended: bool = False
) -> Checked:
    """The request with the recipients that its way of answering implies; whom the caller names comes first.

    A Reply-To is followed anywhere when its author is verified, or where this server checks nobody; else, and by a
    program's own answer, within the author's domain only: elsewhere a stranger may have named any victim (L-04). When
    a check of the author failed the answer goes to the author alone. That holds too where a stranger wrote this inbox's
    own address into From: an answer to one's own mail goes to whom that mail names.
    """
    if original is None or way not in ("reply", "reply_all"):
        return checked
    find = reply_all_recipients if way == "reply_all" else reply_recipients
    found = find(
        original.mail,
        {own_email},
        trust_reply_to=_follows_reply_to(original, unattended),
        trust_own=_is_ours_if_it_says_so(original),
    )
    return msgspec.structs.replace(checked, to=checked.to or found.to, cc=checked.cc or found.cc)


def _follows_reply_to(original: Original, unattended: bool) -> bool:
    if original.trust == "failed":
        return False
    author = original.mail.from_address
    home = _domain(author) if author is not None else ""
    anywhere = original.trust in ("internal", "verified") or not original.was_checked
    return (anywhere and not unattended) or all(_domain(one) == home for one in original.mail.reply_to)


def _is_ours_if_it_says_so(original: Original) -> bool:
    """Our signature alone does not tell where somebody checked the author: whoever had a mail of ours can copy it."""
    if original.trust in ("internal", "verified"):
        return True
    return not original.was_checked and original.loop_class == "own_echo"


def _domain(one: Address) -> str:
    return canonical(one.email).rpartition("@")[2]


def is_response(way: Way, checked: Checked, original: Original | None) -> bool:
    """Whether it answers a mail that came: a forward does only when it goes back to the author."""
    if original is None or original.mail.direction == "outbound":
        return False
    author = original.mail.from_address
    if way != "forward" or author is None:
        return way != "forward"
    return canonical(author.email) in {canonical(one.email) for one in checked.recipients}


def write_letter(way: Way, wanted: Send | Reply | Forward, original: Original | None, cited_id: str | None) -> Letter:
    """All that is written, at a cost that grows with what is quoted: not for the event loop when that is much."""
    text, html = wanted.text_body, wanted.html_body
    own_text = text if text is not None else html_to_text(html) if html is not None else ""
    text_body, html_body = _bodies(way, text, html, own_text, original)
    in_reply_to, references = _citations(way, original, cited_id)
    return Letter(
        subject=_subject(way, wanted.subject, original),
        text_body=text_body,
        html_body=html_body,
        own_text=own_text,
        own_html=html,
        in_reply_to=in_reply_to,
        references=references,
        thread_id=original.thread_id if original is not None else None,
        auto_submitted=auto_submitted_of(way) if wanted.unattended else None,
    )


def _bodies(
    way: Way, text: str | None, html: str | None, own_text: str, original: Original | None
) -> tuple[str | None, str | None]:
    """The bodies with what they quote. There is always a text; HTML where the writer or a forward has it."""
    if original is None or way == "send":
        return own_text, html
    if way == "forward":
        above = f"{own_text.rstrip()}\n\n" if own_text.strip() else ""
        text_body = above + forwarded_text(original.mail)
        if html is None and original.mail.html_body is None:
            return text_body, None
        return text_body, f"{html if html is not None else _as_html(own_text)}<br>{forwarded_html(original.mail)}"
    text_body = f"{own_text.rstrip()}\n\n{quoted_text(original.mail)}"
    return text_body, None if html is None else f"{html}<br>{quoted_html(original.mail)}"


def _as_html(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<div>{escaped.rstrip()}</div>".replace("\n", "<br>\n")


def _citations(way: Way, original: Original | None, cited_id: str | None) -> tuple[str | None, tuple[str, ...]]:
    if original is not None:
        citations = reply_citations(original.mail)
        # A forward belongs to the conversation but answers nobody.
        return (None if way == "forward" else citations.in_reply_to), citations.references
    return cited_id, (cited_id,) if cited_id is not None else ()


def _subject(way: Way, given: str | None, original: Original | None) -> str:
    if given is not None or original is None:
        return given or ""
    make = forward_subject if way == "forward" else reply_subject
    return make(original.mail.subject)


def auto_submitted_of(way: Way) -> AutoSubmitted:
    return "auto-replied" if way in ("reply", "reply_all") else "auto-generated"
