# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING

from agentpost._core.resource import Resource, part

if TYPE_CHECKING:
    from agentpost.types.deliveries import Delivery


class Deliveries(Resource):
    def get(
        self,
        delivery_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Delivery:
        """Get a delivery.

        With its request as it was sent last, the values of your own headers hidden, and the log of its attempts.

        Needs the scope `webhooks:read`.
        """
        return self._ask(
            "GET",
            f"/deliveries/{part(delivery_id)}",
            "Delivery",
            environment=environment,
            timeout=timeout,
        )

    def redeliver(
        self,
        delivery_id: str,
        *,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Delivery:
        """Deliver once more.

        Now, whatever became of it before: the same body and `webhook-id`, a new signature, all retries before it.

        Needs the scope `webhooks:write`.
        """
        return self._ask(
            "POST",
            f"/deliveries/{part(delivery_id)}/redeliver",
            "Delivery",
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )
