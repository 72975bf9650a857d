# Written by sdks/generate from openapi.json. Do not edit.

"""What stands within requests. Bare dictionaries of these shapes do as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from datetime import datetime

    from agentpost.types.drafts import Address


class AddressParam(TypedDict):
    """A mailbox (RFC 5322 3.4): `email` has its domain as A-label in lower case; `name` is the display name."""

    email: str
    name: NotRequired[str | None]


class AttachmentInParam(TypedDict):
    """A file to send: exactly one of `key` (of an upload), `content` (base64), `url` and `attachment_id`."""

    key: NotRequired[str | None]
    content: NotRequired[bytes | str | None]
    url: NotRequired[str | None]
    attachment_id: NotRequired[str | None]
    filename: NotRequired[str | None]
    mime_type: NotRequired[str | None]
    inline: NotRequired[bool]
    content_id: NotRequired[str | None]


class ChangesParam(TypedDict):
    """Fields of a send, in the meaning that they have there: what is absent stays, and `text_body` and `html_body`
    are the whole of what goes out, quoted original included. Who changes one of two bodies says the other too, so
    that nobody reads what was taken out.
    """

    to: NotRequired[Sequence[str | AddressParam | Address]]
    cc: NotRequired[Sequence[str | AddressParam | Address]]
    bcc: NotRequired[Sequence[str | AddressParam | Address]]
    reply_to: NotRequired[Sequence[str | AddressParam | Address]]
    subject: NotRequired[str]
    text_body: NotRequired[str | None]
    html_body: NotRequired[str | None]
    attachments: NotRequired[Sequence[AttachmentInParam]]
    headers: NotRequired[Mapping[str, str]]
    send_at: NotRequired[datetime | str | None]
    unattended: NotRequired[bool]
    list_unsubscribe: NotRequired[bool]
    track_opens: NotRequired[bool]


class ChosenAuthenticationParam(TypedDict):
    """What the checks of the mail's origin shall have said."""

    spf: NotRequired[Literal["fail", "neutral", "none", "pass", "permerror", "softfail", "temperror"]]
    dkim: NotRequired[Literal["fail", "none", "pass", "permerror", "temperror"]]
    dmarc: NotRequired[Literal["fail", "none", "pass", "permerror", "temperror"]]
    arc: NotRequired[Literal["fail", "none", "pass"]]


FiltersParam = TypedDict(
    "FiltersParam",
    {
        "label": "NotRequired[str | None]",
        "from": "NotRequired[str | None]",
        "subject": "NotRequired[str | None]",
        "thread_id": "NotRequired[str | None]",
        "unread": "NotRequired[bool | None]",
    },
)


class TurnParam(TypedDict):
    """What a correspondent does about one mail."""

    do: Literal["answer", "attack", "bounce", "complain", "out_of_office", "silence", "soft_bounce", "timeout"]
    after_seconds: NotRequired[int]
    defer: NotRequired[int]
    subject: NotRequired[str | None]
    text_body: NotRequired[str | None]
    html_body: NotRequired[str | None]
