# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentpost._core.resource import AsyncResource, many, part

if TYPE_CHECKING:
    from agentpost._generated.asked import FiltersParam
    from agentpost.types.leases import Claim, Lease


class AsyncLeases(AsyncResource):
    async def claim(
        self,
        inbox_id: str,
        *,
        limit: int | None = None,
        lease_seconds: int | None = None,
        filters: FiltersParam | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Claim:
        """Claim messages.

        The oldest received messages that nobody has and nobody has handled, yours until `leased_until`. Ack each when
        it is handled; what you do not ack comes back to whoever claims next.

        Needs the scope `messages:write`.
        """
        return await self._ask(
            "POST",
            f"/inboxes/{part(inbox_id)}/messages/claim",
            "Claim",
            body={"limit": limit, "lease_seconds": lease_seconds, "filters": filters},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def ack(
        self,
        lease_id: str,
        *,
        labels: Sequence[str] | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Lease:
        """Acknowledge a lease.

        The message is handled and never claimed again. 409 `lease_lost` when the lease has ended.

        Needs the scope `messages:write`.
        """
        return await self._ask(
            "POST",
            f"/leases/{part(lease_id)}/ack",
            "Lease",
            body={"labels": many(labels)},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def extend(
        self,
        lease_id: str,
        *,
        lease_seconds: int,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Lease:
        """Extend a lease.

        It ends `lease_seconds` from now. 409 `lease_lost` when it has ended already.

        Needs the scope `messages:write`.
        """
        return await self._ask(
            "POST",
            f"/leases/{part(lease_id)}/extend",
            "Lease",
            body={"lease_seconds": lease_seconds},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def release(
        self,
        lease_id: str,
        *,
        delay_seconds: int | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Lease:
        """Release a lease.

        Gives the message back, at once or after `delay_seconds`; the attempt counts. 409 `lease_lost` when the lease
        has ended.

        Needs the scope `messages:write`.
        """
        return await self._ask(
            "POST",
            f"/leases/{part(lease_id)}/release",
            "Lease",
            body={"delay_seconds": delay_seconds},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )
