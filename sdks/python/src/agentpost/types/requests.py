# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class LoggedRequest(Model):
    """One API request: never its body, never a secret."""

    id: str
    at: str
    method: str
    path: str
    status: int
    duration_ms: int
    key_id: str | None
    environment_id: str | None
    ip: str | None
    user_agent: str | None
