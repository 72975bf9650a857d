# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from agentpost._core.resource import Resource

if TYPE_CHECKING:
    from agentpost.types.inboxes import Deliverability


class Metrics(Resource):
    def get_deliverability(
        self,
        *,
        inbox_id: str | None = None,
        domain: str | None = None,
        scope: Literal["environment", "organization"] | None = None,
        window_days: int | None = None,
        interval: Literal["day", "hour"] | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Deliverability:
        """Get deliverability.

        Of the environment, or of an inbox, a domain or the whole organization. A key that is limited to inboxes sees
        the numbers of those. A few seconds behind.

        Needs the scope `metrics:read`.

        inbox_id: Of this inbox alone.
        domain: Of the inboxes that stand on this domain alone.
        scope: `organization`: of every environment that the key may use.
        window_days: How far back to look.
        interval: What one entry of `series` stands for, in UTC.
        """
        return self._ask(
            "GET",
            "/metrics/deliverability",
            "Deliverability",
            query={
                "inbox_id": inbox_id,
                "domain": domain,
                "scope": scope,
                "window_days": window_days,
                "interval": interval,
            },
            environment=environment,
            timeout=timeout,
        )
