# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from agentpost._core.model import Model

if TYPE_CHECKING:
    from agentpost.types.api_keys import ApiKey


@dataclass(slots=True, kw_only=True)
class Me(Model):
    """Who the bearer is (`GET /auth/me`)."""

    _nested: ClassVar[dict[str, str]] = {"key": "ApiKey"}

    type: Literal["key", "user"]
    organization_id: str
    key: ApiKey | None
    user: None = None
    environment_id: str | None
    scopes: list[str]
    role: None = None
