# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING

from agentpost._core.resource import Resource

if TYPE_CHECKING:
    from agentpost.types.realtime import Ticket


class Realtime(Resource):
    def create_ticket(
        self,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Ticket:
        """Take a WebSocket ticket.

        For browsers: `/ws?token=<ticket>` lets one WebSocket in, once, within a minute.

        Needs the scope `events:read`.
        """
        return self._ask(
            "POST",
            "/ws/tickets",
            "Ticket",
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )
