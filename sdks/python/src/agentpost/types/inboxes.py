# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Deliverability(Model):
    """Numbers of a window, counted when they were told: a bounce of today may be of yesterday's mail."""

    _nested: ClassVar[dict[str, str]] = {"series": "Moment"}

    score: int | None
    band: Literal["critical", "excellent", "good", "warning"] | None
    sent: int
    bounce_rate: float
    complaint_rate: float
    window_days: int
    series: list[Moment]


@dataclass(slots=True, kw_only=True)
class Inbox(Model):
    id: str
    environment_id: str
    email: str
    username: str
    domain: str
    display_name: str | None
    client_id: str | None
    metadata: dict[str, str | int | float | bool]
    send_paused: bool
    pause_reason: Literal["bounce_rate", "complaint_rate", "governance", "kill_switch", "manual"] | None
    paused_at: str | None
    created_at: str
    updated_at: str


@dataclass(slots=True, kw_only=True)
class Moment(Model):
    """One hour or day of the series; `at` is when it begins (UTC)."""

    at: str
    sent: int
    delivered: int
    bounced: int
    hard_bounced: int
    complained: int
