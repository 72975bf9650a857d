# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Event(Model):
    """Something that happened. `data` depends on the type and is passed on as it was stored, unread."""

    id: str
    type: str
    timestamp: str
    org_id: str
    env_id: str
    data: Any
    """An object; its fields depend on the type."""
