# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from agentpost._core.model import Model

if TYPE_CHECKING:
    from agentpost.types.api_keys import Actor


@dataclass(slots=True, kw_only=True)
class Address(Model):
    """A mailbox (RFC 5322 3.4): `email` has its domain as A-label in lower case; `name` is the display name."""

    email: str
    name: str | None = None


@dataclass(slots=True, kw_only=True)
class Draft(Model):
    """What may become a message. `send_at` set: it is sent then."""

    _nested: ClassVar[dict[str, str]] = {
        "to_addresses": "Address",
        "cc_addresses": "Address",
        "bcc_addresses": "Address",
        "reply_to_addresses": "Address",
        "attachments_meta": "DraftFile",
        "failure": "DraftFailure",
        "created_by": "Actor",
    }

    thread_id: str | None
    in_reply_to: str | None
    subject: str
    to_addresses: list[Address]
    cc_addresses: list[Address]
    bcc_addresses: list[Address]
    reply_to_addresses: list[Address]
    text_body: str | None
    html_body: str | None
    attachments_meta: list[DraftFile]
    headers: dict[str, str]
    labels: list[str]
    send_at: str | None
    based_on: list[str]
    unattended: bool
    list_unsubscribe: bool
    track_opens: bool
    id: str
    environment_id: str
    inbox_id: str
    client_id: str | None
    revision: int
    status: Literal["failed", "open", "scheduled", "sending"]
    failure: DraftFailure | None
    created_by: Actor
    created_at: str
    updated_at: str


@dataclass(slots=True, kw_only=True)
class DraftFailure(Model):
    """Why a scheduled draft was not sent, or not yet: what a send by hand would have been answered."""

    code: str
    detail: str
    fix: str
    at: str


@dataclass(slots=True, kw_only=True)
class DraftFile(Model):
    """A file of a draft. `key` names it when the draft is changed."""

    key: str
    filename: str
    mime_type: str
    size: int


@dataclass(slots=True, kw_only=True)
class Revision(Model):
    """A draft as it was. `changed`: the fields in which it differs from the revision before; none for the first."""

    _nested: ClassVar[dict[str, str]] = {
        "to_addresses": "Address",
        "cc_addresses": "Address",
        "bcc_addresses": "Address",
        "reply_to_addresses": "Address",
        "attachments_meta": "DraftFile",
        "author": "Actor",
    }

    thread_id: str | None
    in_reply_to: str | None
    subject: str
    to_addresses: list[Address]
    cc_addresses: list[Address]
    bcc_addresses: list[Address]
    reply_to_addresses: list[Address]
    text_body: str | None
    html_body: str | None
    attachments_meta: list[DraftFile]
    headers: dict[str, str]
    labels: list[str]
    send_at: str | None
    based_on: list[str]
    unattended: bool
    list_unsubscribe: bool
    track_opens: bool
    revision: int
    changed: list[str]
    author: Actor
    created_at: str
