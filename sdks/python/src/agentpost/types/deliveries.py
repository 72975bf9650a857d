# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Attempt(Model):
    _nested: ClassVar[dict[str, str]] = {"headers": "Header"}

    number: int
    at: str
    duration_ms: int
    status: int | None
    error: Literal["blocked_address", "dns", "reset", "timeout", "tls"] | None
    headers: list[Header]
    body: str


@dataclass(slots=True, kw_only=True)
class Delivery(Model):
    """One event on its way to one endpoint."""

    _nested: ClassVar[dict[str, str]] = {"request": "DeliveryRequest", "attempt_log": "Attempt"}

    id: str
    webhook_id: str
    event_id: str
    event_type: str
    status: Literal["cancelled", "failed", "pending", "succeeded"]
    attempts: int
    next_attempt_at: str | None
    response_status: int | None
    created_at: str
    finished_at: str | None
    request: DeliveryRequest | None = None
    attempt_log: list[Attempt] | None = None


@dataclass(slots=True, kw_only=True)
class DeliveryRequest(Model):
    """The request as it was made last, or would be made now."""

    _nested: ClassVar[dict[str, str]] = {"headers": "Header"}

    url: str
    headers: list[Header]
    body: str | None


@dataclass(slots=True, kw_only=True)
class Header(Model):
    name: str
    value: str
