# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Counted(Model):
    """`limit` and `percentage` are null where nothing limits the counter."""

    current: int
    limit: int | None
    percentage: float | None


@dataclass(slots=True, kw_only=True)
class UsageReport(Model):
    _nested: ClassVar[dict[str, str]] = {
        "messages_sent": "Counted",
        "messages_received": "Counted",
        "storage_bytes": "Counted",
        "api_calls": "Counted",
        "webhook_deliveries": "Counted",
    }

    period_start: str
    period_end: str
    messages_sent: Counted
    messages_received: Counted
    storage_bytes: Counted
    api_calls: Counted
    webhook_deliveries: Counted
