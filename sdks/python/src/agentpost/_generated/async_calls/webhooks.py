# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from agentpost._core.resource import OMIT, AsyncResource, Omit, many, part

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPages
    from agentpost.types.deliveries import Delivery
    from agentpost.types.webhooks import Replayed, WebhookEndpoint


class AsyncWebhooks(AsyncResource):
    def list(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[WebhookEndpoint]:
        """List webhook endpoints.

        Newest first. Secrets and header values are never shown again.

        Needs the scope `webhooks:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            "/webhooks",
            "WebhookEndpoint",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            environment=environment,
            timeout=timeout,
        )

    async def create(
        self,
        *,
        url: str,
        event_types: Sequence[str] | None = None,
        inbox_ids: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
        client_id: str | None = None,
        description: str | None = None,
        enabled: bool | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> WebhookEndpoint:
        """Create a webhook endpoint.

        Events that happen from now on are POSTed to `url`, signed with `secret`, which stands in this answer alone.

        2xx within 30 seconds is success. Anything else is tried again for about five hours.

        Needs the scope `webhooks:write`.
        """
        return await self._ask(
            "POST",
            "/webhooks",
            "WebhookEndpoint",
            body={
                "url": url,
                "event_types": many(event_types),
                "inbox_ids": many(inbox_ids),
                "headers": headers,
                "client_id": client_id,
                "description": description,
                "enabled": enabled,
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def get(
        self,
        webhook_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> WebhookEndpoint:
        """Get a webhook endpoint.

        Needs the scope `webhooks:read`.
        """
        return await self._ask(
            "GET",
            f"/webhooks/{part(webhook_id)}",
            "WebhookEndpoint",
            environment=environment,
            timeout=timeout,
        )

    async def update(
        self,
        webhook_id: str,
        *,
        url: str | Omit = OMIT,
        event_types: Sequence[str] | None | Omit = OMIT,
        inbox_ids: Sequence[str] | None | Omit = OMIT,
        headers: Mapping[str, str] | None | Omit = OMIT,
        description: str | None | Omit = OMIT,
        enabled: bool | Omit = OMIT,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> WebhookEndpoint:
        """Change a webhook endpoint.

        What is absent stays; null clears. `headers` is replaced whole. `enabled: true` begins the count of failures
        again; deliveries that fell due while it was disabled are `cancelled` and can be replayed.

        Needs the scope `webhooks:write`.
        """
        return await self._ask(
            "PATCH",
            f"/webhooks/{part(webhook_id)}",
            "WebhookEndpoint",
            body={
                "url": url,
                "event_types": many(event_types),
                "inbox_ids": many(inbox_ids),
                "headers": headers,
                "description": description,
                "enabled": enabled,
            },
            environment=environment,
            timeout=timeout,
        )

    async def delete(
        self,
        webhook_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Delete a webhook endpoint.

        Nothing that still waits is delivered, and its log of deliveries goes with it.

        Needs the scope `webhooks:write`.
        """
        return await self._ask(
            "DELETE",
            f"/webhooks/{part(webhook_id)}",
            "none",
            environment=environment,
            timeout=timeout,
        )

    def list_deliveries(
        self,
        webhook_id: str,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        status: Literal["cancelled", "failed", "pending", "succeeded"] | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[Delivery]:
        """List deliveries of a webhook endpoint.

        Newest first, as long as deliveries are kept.

        Needs the scope `webhooks:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        status: Only deliveries that stand so.
        """
        return self._pages(
            "GET",
            f"/webhooks/{part(webhook_id)}/deliveries",
            "Delivery",
            query={"limit": limit, "page_token": page_token, "ascending": ascending, "status": status},
            environment=environment,
            timeout=timeout,
        )

    async def replay(
        self,
        webhook_id: str,
        *,
        since: datetime | str,
        until: datetime | str | None = None,
        status: Literal["all", "failed"] | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Replayed:
        """Deliver the events of a time again.

        Events of `since` to `until`: with `status: failed` those that did not arrive (failed or cancelled), with
        `all` every one that the endpoint asks for, also from before it existed. At most 10,000 a call, oldest first.

        Needs the scope `webhooks:write`.
        """
        return await self._ask(
            "POST",
            f"/webhooks/{part(webhook_id)}/replay",
            "Replayed",
            body={"since": since, "until": until, "status": status},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def rotate_secret(
        self,
        webhook_id: str,
        *,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> WebhookEndpoint:
        """Rotate the secret of a webhook endpoint.

        The new secret stands in this answer alone. The one before signs on beside it until
        `previous_secret_expires_at`; at most three secrets sign at once.

        Needs the scope `webhooks:write`.
        """
        return await self._ask(
            "POST",
            f"/webhooks/{part(webhook_id)}/rotate-secret",
            "WebhookEndpoint",
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def test(
        self,
        webhook_id: str,
        *,
        event_type: str | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Delivery:
        """Send a test event.

        An example of `event_type` with `test: true` in its data, to this endpoint alone, also while it is disabled.
        Follow it at `GET /deliveries/{id}`; it does not appear in the event log.

        Needs the scope `webhooks:write`.
        """
        return await self._ask(
            "POST",
            f"/webhooks/{part(webhook_id)}/test",
            "Delivery",
            body={"event_type": event_type},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )
