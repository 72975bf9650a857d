# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Suppression(Model):
    """An address that this environment does not write to."""

    id: str
    environment_id: str
    email: str
    reason: Literal["bounce", "complaint", "manual", "provider", "unsubscribe"]
    message_id: str | None
    detail: str | None
    created_at: str
