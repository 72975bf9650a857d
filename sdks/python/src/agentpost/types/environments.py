# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Environment(Model):
    id: str
    name: str
    slug: str
    kind: Literal["dev", "live", "test"]
    is_default: bool
    transport: str
    allowed_recipients: list[str]
    send_paused: bool
    retention_days: int | None
    clock_offset_seconds: int
    created_at: str
