# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Policy(Model):
    """`rules` by kind: docs/guides/policies.md. The strictest of organization, environment and inbox holds."""

    id: str
    name: str
    kind: Literal["approval", "caps", "flow", "governance", "loop", "screening"]
    scope: Literal["environment", "inbox", "organization"]
    environment_id: str | None
    inbox_id: str | None
    enabled: bool
    rules: dict[str, bool | int | float | str | list[str] | None]
    created_at: str
    updated_at: str
