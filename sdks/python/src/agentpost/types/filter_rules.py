# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class FilterAnswer(Model):
    _nested: ClassVar[dict[str, str]] = {"rule": "FilterRule"}

    allowed: bool
    rule: FilterRule | None
    reason: str


@dataclass(slots=True, kw_only=True)
class FilterRule(Model):
    id: str
    scope: Literal["environment", "inbox", "organization"]
    environment_id: str | None
    inbox_id: str | None
    direction: Literal["receive", "reply", "send"]
    action: Literal["allow", "block"]
    match_type: Literal["address", "domain", "subdomain_wildcard"]
    value: str
    require_authentication: bool
    reason: str | None
    created_at: str
    warning: str | None = None
