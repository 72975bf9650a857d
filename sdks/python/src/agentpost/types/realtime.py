# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Ticket(Model):
    """Lets one WebSocket in, once, where no header can be set: `/ws?token=<ticket>`."""

    ticket: str | None
    expires_at: str
