# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from agentpost._core.model import Model

if TYPE_CHECKING:
    from agentpost.types.messages import Message


@dataclass(slots=True, kw_only=True)
class Code(Model):
    """`value` is exactly what is to be typed or opened. `domain`: a link's, as registered (`example.co.uk`)."""

    kind: Literal["link", "otp"]
    value: str
    confidence: float
    purpose: Literal["other", "reset", "sign_in", "verify"]
    where: Literal["html_body", "subject", "text_body"]
    domain: str | None = None


@dataclass(slots=True, kw_only=True)
class Wait(Model):
    """`message` is the whole message once the wait has matched, and null again when that was deleted; `codes` are
    what was found in it, surest first.
    """

    _nested: ClassVar[dict[str, str]] = {"message": "Message", "codes": "Code"}

    id: str
    inbox_id: str
    status: Literal["armed", "cancelled", "expired", "matched"]
    from_: str | None
    subject: str | None
    text: str | None
    label: str | None
    has_code: bool | None
    exclusive: bool
    deadline: str
    matched_at: str | None
    message: Message | None
    codes: list[Code]
    created_at: str
