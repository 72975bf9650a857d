# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from agentpost._core.model import Model

if TYPE_CHECKING:
    from agentpost.types.drafts import Address


@dataclass(slots=True, kw_only=True)
class Captured(Model):
    """A message that was kept here instead of being sent. `GET /messages/{message_id}` has all of it."""

    _nested: ClassVar[dict[str, str]] = {"message": "CapturedSummary"}

    id: str
    message_id: str
    recipients: list[str]
    captured_at: str
    message: CapturedSummary


@dataclass(slots=True, kw_only=True)
class CapturedSummary(Model):
    """What a list of mail shows of a message."""

    _nested: ClassVar[dict[str, str]] = {"from_address": "Address"}

    inbox_id: str
    thread_id: str
    subject: str
    from_address: Address
    preview: str
    has_attachments: bool
    size: int


@dataclass(slots=True, kw_only=True)
class ChosenAuthentication(Model):
    """What the checks of the mail's origin shall have said."""

    spf: Literal["fail", "neutral", "none", "pass", "permerror", "softfail", "temperror"] | None = None
    dkim: Literal["fail", "none", "pass", "permerror", "temperror"] | None = None
    dmarc: Literal["fail", "none", "pass", "permerror", "temperror"] | None = None
    arc: Literal["fail", "none", "pass"] | None = None


@dataclass(slots=True, kw_only=True)
class Clock(Model):
    """The time in an environment. `under_way`: mail and drafts that are due and not done; 0: all has come to rest."""

    environment_id: str
    now: str
    offset_seconds: int
    under_way: int


@dataclass(slots=True, kw_only=True)
class Delivered(Model):
    """Where it will stand: `GET /messages/{message_id}` has it as soon as it is read."""

    message_id: str
    inbox_id: str
    received_at: str


@dataclass(slots=True, kw_only=True)
class Persona(Model):
    """A correspondent of this environment, or one of the built-in people of `sandbox.test`."""

    _nested: ClassVar[dict[str, str]] = {"script": "Turn", "authentication": "ChosenAuthentication"}

    email: str
    name: str | None
    built_in: bool
    script: list[Turn]
    afterwards: Literal["repeat", "restart", "silence"]
    authentication: ChosenAuthentication | None
    created_at: str | None
    updated_at: str | None


@dataclass(slots=True, kw_only=True)
class Turn(Model):
    """What a correspondent does about one mail."""

    do: Literal["answer", "attack", "bounce", "complain", "out_of_office", "silence", "soft_bounce", "timeout"]
    after_seconds: int | None = None
    defer: int | None = None
    subject: str | None = None
    text_body: str | None = None
    html_body: str | None = None
