# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from agentpost._core.model import Model

if TYPE_CHECKING:
    from agentpost.types.api_keys import Actor


@dataclass(slots=True, kw_only=True)
class AuditEntry(Model):
    """Who did what to what; `before` and `after` as the API showed the target."""

    _nested: ClassVar[dict[str, str]] = {"actor": "Actor"}

    id: str
    at: str
    actor: Actor
    ip: str | None
    action: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str | None = None
    previous_hash: str | None = None
