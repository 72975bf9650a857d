# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Actor(Model):
    """Who did it (SPEC 22 Actor). `id` is encoded; a system actor has none."""

    type: str
    id: str | None = None
    name: str | None = None


@dataclass(slots=True, kw_only=True)
class ApiKey(Model):
    _nested: ClassVar[dict[str, str]] = {"created_by": "Actor"}

    id: str
    name: str
    prefix: str
    kind: Literal["dev", "live", "test"]
    scopes: list[str]
    environment_ids: list[str]
    inbox_ids: list[str]
    status: Literal["active", "expired", "revoked"]
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    created_by: Actor
    created_at: str
    key: str | None = None
