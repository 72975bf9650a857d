# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from agentpost._core.resource import OMIT, AsyncResource, Omit, many, part

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPages
    from agentpost.types.api_keys import ApiKey


class AsyncApiKeys(AsyncResource):
    def list(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[ApiKey]:
        """List API keys.

        Newest first, revoked and expired ones included. Secrets are never shown again.

        Needs the scope `api_keys:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            "/api-keys",
            "ApiKey",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            timeout=timeout,
        )

    async def create(
        self,
        *,
        name: str,
        scopes: Sequence[str],
        kind: Literal["dev", "live", "test"] | None = None,
        environment_ids: Sequence[str] | None = None,
        inbox_ids: Sequence[str] | None = None,
        expires_at: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> ApiKey:
        """Create an API key.

        The secret stands in `key`, this once. A key cannot make one that may do more than itself.

        Needs the scope `api_keys:write`.
        """
        return await self._ask(
            "POST",
            "/api-keys",
            "ApiKey",
            body={
                "name": name,
                "scopes": many(scopes),
                "kind": kind,
                "environment_ids": many(environment_ids),
                "inbox_ids": many(inbox_ids),
                "expires_at": expires_at,
            },
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def get(
        self,
        key_id: str,
        *,
        timeout: float | None = None,
    ) -> ApiKey:
        """Get an API key.

        Needs the scope `api_keys:read`.
        """
        return await self._ask(
            "GET",
            f"/api-keys/{part(key_id)}",
            "ApiKey",
            timeout=timeout,
        )

    async def update(
        self,
        key_id: str,
        *,
        name: str | Omit = OMIT,
        timeout: float | None = None,
    ) -> ApiKey:
        """Rename an API key.

        Needs the scope `api_keys:write`.
        """
        return await self._ask(
            "PATCH",
            f"/api-keys/{part(key_id)}",
            "ApiKey",
            body={"name": name},
            timeout=timeout,
        )

    async def delete(
        self,
        key_id: str,
        *,
        timeout: float | None = None,
    ) -> None:
        """Revoke an API key.

        Ends the key within a second on every process. The row stays listed.

        Needs the scope `api_keys:write`.
        """
        return await self._ask(
            "DELETE",
            f"/api-keys/{part(key_id)}",
            "none",
            timeout=timeout,
        )

    async def rotate(
        self,
        key_id: str,
        *,
        overlap_seconds: int | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> ApiKey:
        """Rotate an API key.

        A new key with the same reach. The old one ends at once, or after `overlap_seconds`.

        Needs the scope `api_keys:write`.
        """
        return await self._ask(
            "POST",
            f"/api-keys/{part(key_id)}/rotate",
            "ApiKey",
            body={"overlap_seconds": overlap_seconds},
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )
