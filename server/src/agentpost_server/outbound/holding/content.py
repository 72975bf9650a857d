"""What a held mail says: made of a send, changed by an approver, and made into a send again. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from agentpost_server.core import ids
from agentpost_server.core.errors import invalid_field
from agentpost_server.mail.html import html_to_text
from agentpost_server.outbound.check import Checked, check, check_recipients
from agentpost_server.outbound.files import File
from agentpost_server.outbound.holding.model import Changes, Content, FileMeta
from agentpost_server.outbound.letter import Letter, Way, auto_submitted_of
from agentpost_server.outbound.model import Send

T = TypeVar("T")


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same in every revision. The tails: the quoted original, with which the texts of an answer end;
    `html_tail` is None where none of the HTML is the writer's own."""

    way: Way
    is_answer: bool
    forwarded: UUID | None
    in_reply_to: str | None
    references: tuple[str, ...]
    tail: str
    html_tail: str | None


def rest_of(way: Way, letter: Letter, *, is_answer: bool, forwarded: UUID | None) -> Rest:
    own, text = letter.own_text.rstrip(), letter.text_body or ""
    return Rest(
        way=way,
        is_answer=is_answer,
        forwarded=forwarded,
        in_reply_to=letter.in_reply_to,
        references=letter.references,
        tail=text[len(own) :] if way != "send" and text.startswith(own) else "",
        html_tail=None if letter.own_html is None else (letter.html_body or "").removeprefix(letter.own_html),
    )


def content_of(checked: Checked, letter: Letter, files: Sequence[FileMeta]) -> Content:
    return Content(
        subject=letter.subject,
        to_addresses=list(checked.to),
        cc_addresses=list(checked.cc),
        bcc_addresses=list(checked.bcc),
        reply_to_addresses=list(checked.reply_to),
        text_body=letter.text_body,
        html_body=letter.html_body,
        attachments_meta=list(files),
        headers=dict(checked.headers),
        send_at=checked.send_at,
        unattended=letter.auto_submitted is not None,
        list_unsubscribe=checked.list_unsubscribe,
        track_opens=checked.track_opens,
    )


def meta_of(one: File) -> FileMeta:
    key = ids.encode("att", one.id)
    return FileMeta(key=key, filename=one.filename, mime_type=one.mime_type, size=len(one.content))


def differences(before: Content, after: Content) -> list[str]:
    """The fields that are not the same."""
    return [name for name in Content.__struct_fields__ if getattr(before, name) != getattr(after, name)]


def read_again(
    content: Content, rest: Rest, changes: Changes | None, thread_id: UUID, moment: datetime
) -> tuple[Checked, Letter]:
    """The mail as it is to go now, read like any send. A time that has passed is now. Raises Invalid."""
    wanted = changes or Changes()
    text, html = _bodies(content, wanted)
    send_at = content.send_at if content.send_at is not None and content.send_at > moment else None
    send = Send(
        to=_kept(wanted.to, [*content.to_addresses]),
        cc=_kept(wanted.cc, [*content.cc_addresses]),
        bcc=_kept(wanted.bcc, [*content.bcc_addresses]),
        reply_to=_kept(wanted.reply_to, [*content.reply_to_addresses]),
        subject=_kept(wanted.subject, content.subject),
        text_body=text,
        html_body=html,
        attachments=_kept(wanted.attachments, []),
        headers=_kept(wanted.headers, content.headers),
        send_at=_kept(wanted.send_at, send_at),
        unattended=_kept(wanted.unattended, content.unattended),
        list_unsubscribe=_kept(wanted.list_unsubscribe, content.list_unsubscribe),
        track_opens=_kept(wanted.track_opens, content.track_opens),
    )
    checked = check(send, moment)
    check_recipients(checked)
    whole = text or ""
    return checked, Letter(
        subject=send.subject,
        text_body=whole,
        html_body=html,
        own_text=whole.removesuffix(rest.tail),
        own_html=None if html is None or rest.html_tail is None else html.removesuffix(rest.html_tail),
        in_reply_to=rest.in_reply_to,
        references=rest.references,
        thread_id=thread_id,
        auto_submitted=auto_submitted_of(rest.way) if send.unattended else None,
    )


def _kept(changed: T | UnsetType, kept: T) -> T:
    return kept if isinstance(changed, UnsetType) else changed


def _bodies(content: Content, wanted: Changes) -> tuple[str | None, str | None]:
    """A text part that was not given is made of a new HTML part. Both, or the one that is there."""
    html = _kept(wanted.html_body, content.html_body)
    if wanted.text_body is UNSET or wanted.text_body is None:
        is_new = wanted.html_body is not UNSET or wanted.text_body is None
        return (html_to_text(html) if is_new and html is not None else content.text_body), html
    if wanted.html_body is UNSET and html is not None:
        raise invalid_field(
            "changes.html_body",
            "is required with text_body: the HTML part would still say what the text part said",
            fix="Send html_body too, or null to leave it out.",
            code="required",
        )
    return wanted.text_body, html
