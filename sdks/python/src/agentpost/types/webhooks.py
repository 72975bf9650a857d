# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Replayed(Model):
    queued: int


@dataclass(slots=True, kw_only=True)
class WebhookEndpoint(Model):
    id: str
    environment_id: str
    url: str
    description: str | None
    event_types: list[str]
    inbox_ids: list[str]
    enabled: bool
    disabled_reason: Literal["failures", "gone", "manual"] | None
    headers: list[str]
    client_id: str | None
    consecutive_failures: int
    last_success_at: str | None
    created_at: str
    updated_at: str
    secret: str | None = None
    previous_secret_expires_at: str | None = None
