# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from agentpost._core.model import Model

if TYPE_CHECKING:
    from agentpost.types.drafts import Address
    from agentpost.types.messages import Authentication, Message


@dataclass(slots=True, kw_only=True)
class Context(Model):
    """`tokens` counts the whole `content`. `nonce` marks the fences of this answer and no other."""

    _nested: ClassVar[dict[str, str]] = {"spans": "Span", "omitted": "Omitted"}

    thread_id: str
    format: Literal["json", "markdown"]
    content: str
    tokens: int
    max_tokens: int
    tokenizer: str
    nonce: str
    truncated: bool
    next_offset: str | None
    spans: list[Span]
    omitted: list[Omitted]


@dataclass(slots=True, kw_only=True)
class Omitted(Model):
    """What does not stand in `content`, and why."""

    message_id: str
    reason: Literal["budget", "duplicate_quote", "file", "held", "hidden"]


@dataclass(slots=True, kw_only=True)
class Span(Model):
    """`content[start:end]` is of this origin. `sender` is who sent the message that holds it, whatever it quotes."""

    start: int
    end: int
    message_id: str
    attachment_id: str | None
    page: int | None
    kind: Literal["attachment", "hidden", "new", "quoted"]
    sender: str
    direction: Literal["inbound", "outbound"]
    trust: str


@dataclass(slots=True, kw_only=True)
class Thread(Model):
    """`direction`, `trust`, `authentication` and `flags` are those of the last message, whose `preview` it shows.
    `messages` and its page token are left out of list rows.
    """

    _nested: ClassVar[dict[str, str]] = {
        "participants": "Address",
        "authentication": "Authentication",
        "messages": "Message",
    }

    id: str
    environment_id: str
    inbox_id: str
    subject: str
    participants: list[Address]
    message_count: int
    last_message_id: str | None
    last_message_at: str
    labels: list[str]
    preview: str
    direction: Literal["inbound", "outbound"]
    trust: str
    authentication: Authentication | None
    flags: list[str]
    has_attachments: bool
    created_at: str
    messages: list[Message] | None = None
    messages_next_page_token: str | None = None
