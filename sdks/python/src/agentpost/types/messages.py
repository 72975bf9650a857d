# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from agentpost._core.model import Model

if TYPE_CHECKING:
    from agentpost.types.api_keys import Actor
    from agentpost.types.attachments import Attachment
    from agentpost.types.deliveries import Header
    from agentpost.types.drafts import Address
    from agentpost.types.waits import Code


@dataclass(slots=True, kw_only=True)
class Authentication(Model):
    """`checked_by`: `agentpost`, or the provider whose verdict it is; null: nobody checked. `author_domain`: From's;
    `dkim_domain`: whose signature passed; `policy`: what DMARC of the author asks for; `arc_sealer`: the listed
    sealer whose word stands in for a DMARC that fails here.
    """

    spf: str
    dkim: str
    dmarc: str
    arc: str
    aligned_domain: str | None = None
    checked_by: str | None = None
    author_domain: str | None = None
    dkim_domain: str | None = None
    policy: str | None = None
    arc_sealer: str | None = None


@dataclass(slots=True, kw_only=True)
class Check(Model):
    """One thing that was looked at (SPEC 22, preflight)."""

    name: str
    passed: bool
    policy_id: str | None = None
    rule_id: str | None = None
    message: str
    fix: str | None = None


@dataclass(slots=True, kw_only=True)
class Codes(Model):
    """Surest first, at most 20."""

    _nested: ClassVar[dict[str, str]] = {"data": "Code"}

    data: list[Code]


@dataclass(slots=True, kw_only=True)
class Envelope(Model):
    """What SMTP said, whatever the headers say. What ingest keeps beside it for the trace is not shown."""

    mail_from: str
    rcpt_to: list[str]
    source: str
    client_ip: str | None = None
    helo: str | None = None
    tls: bool | None = None


@dataclass(slots=True, kw_only=True)
class FileMeta(Model):
    key: str
    filename: str
    mime_type: str
    size: int


@dataclass(slots=True, kw_only=True)
class Hold(Model):
    """Why a message waits for a person, and what was decided."""

    _nested: ClassVar[dict[str, str]] = {"decided_by": "Actor"}

    reason: Literal["approval", "flow", "loop", "screening"]
    policy_id: str | None = None
    revision: int | None = None
    expires_at: str | None = None
    on_expiry: Literal["reject", "send"] | None = None
    decided_by: Actor | None = None
    decided_at: str | None = None
    note: str | None = None


@dataclass(slots=True, kw_only=True)
class Message(Model):
    """The texts and headers are left out of list rows."""

    _nested: ClassVar[dict[str, str]] = {
        "from_address": "Address",
        "to_addresses": "Address",
        "cc_addresses": "Address",
        "bcc_addresses": "Address",
        "reply_to_addresses": "Address",
        "attachments": "Attachment",
        "envelope": "Envelope",
        "recipients": "Recipient",
        "authentication": "Authentication",
        "screening": "Screening",
        "hold": "Hold",
        "headers": "Header",
    }

    id: str
    environment_id: str
    inbox_id: str
    thread_id: str
    direction: Literal["inbound", "outbound"]
    status: str
    message_id_header: str
    wire_message_ids: list[str]
    in_reply_to: str | None
    references: list[str]
    subject: str
    from_address: Address
    to_addresses: list[Address]
    cc_addresses: list[Address]
    bcc_addresses: list[Address]
    reply_to_addresses: list[Address]
    preview: str
    labels: list[str]
    has_attachments: bool
    attachments: list[Attachment]
    size: int
    envelope: Envelope | None
    recipients: list[Recipient]
    authentication: Authentication | None
    trust: str
    flags: list[str]
    parse_status: str
    loop_class: str
    spam_score: float | None
    screening: Screening | None
    hold: Hold | None
    based_on: list[str]
    send_at: str | None
    created_at: str
    sent_at: str | None
    received_at: str | None
    text_body: str | None = None
    html_body: str | None = None
    markdown_body: str | None = None
    extracted_text: str | None = None
    extracted_html: str | None = None
    headers: list[Header] | None = None


@dataclass(slots=True, kw_only=True)
class MessageEvent(Model):
    """One step of an outbound message's history."""

    id: str
    type: str
    recipient: str | None
    at: str
    transport: str | None
    attempt: int | None
    bounce_type: Literal["permanent", "transient", "undetermined"] | None
    smtp_code: int | None
    enhanced_code: str | None
    detail: str | None


@dataclass(slots=True, kw_only=True)
class MessageRevision(Model):
    """What a held mail said. `changed` names the fields in which it differs from the revision before."""

    _nested: ClassVar[dict[str, str]] = {
        "author": "Actor",
        "to_addresses": "Address",
        "cc_addresses": "Address",
        "bcc_addresses": "Address",
        "reply_to_addresses": "Address",
        "attachments_meta": "FileMeta",
    }

    revision: int
    changed: list[str]
    author: Actor
    created_at: str
    subject: str
    to_addresses: list[Address]
    cc_addresses: list[Address]
    bcc_addresses: list[Address]
    reply_to_addresses: list[Address]
    text_body: str | None
    html_body: str | None
    attachments_meta: list[FileMeta]
    headers: dict[str, str]
    send_at: str | None
    unattended: bool
    list_unsubscribe: bool
    track_opens: bool


@dataclass(slots=True, kw_only=True)
class Preflight(Model):
    """What a send would meet now. Between asking and sending things may change: a cap may fill."""

    _nested: ClassVar[dict[str, str]] = {"checks": "Check", "recipients": "PreflightRecipient"}

    outcome: Literal["hold", "reject", "send"]
    checks: list[Check]
    recipients: list[PreflightRecipient]


@dataclass(slots=True, kw_only=True)
class PreflightRecipient(Model):
    email: str
    outcome: Literal["blocked", "send", "suppressed"]


@dataclass(slots=True, kw_only=True)
class Recipient(Model):
    """Whom an outbound message went to, and how far it got."""

    email: str
    kind: Literal["bcc", "cc", "to"]
    status: str
    detail: str | None
    suppression_reason: str | None
    updated_at: str


@dataclass(slots=True, kw_only=True)
class Screening(Model):
    _nested: ClassVar[dict[str, str]] = {"factors": "ScreeningFactor"}

    score: float
    verdict: Literal["hold", "label", "pass"]
    detector: str
    factors: list[ScreeningFactor]


@dataclass(slots=True, kw_only=True)
class ScreeningFactor(Model):
    name: str
    weight: float
    where: str
