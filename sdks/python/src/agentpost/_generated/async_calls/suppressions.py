# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from agentpost._core.resource import AsyncResource, part

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPages
    from agentpost.types.suppressions import Suppression


class AsyncSuppressions(AsyncResource):
    def list(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[Suppression]:
        """List suppressed addresses.

        Newest first.

        Needs the scope `suppressions:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            "/suppressions",
            "Suppression",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            environment=environment,
            timeout=timeout,
        )

    async def create(
        self,
        *,
        email: str,
        reason: Literal["manual"] | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Suppression:
        """Suppress an address.

        Nothing is sent to it from this environment any more. 200 when it was on the list already.

        Needs the scope `suppressions:write`.
        """
        return await self._ask(
            "POST",
            "/suppressions",
            "Suppression",
            body={"email": email, "reason": reason},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def get(
        self,
        suppression_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Suppression:
        """Get a suppressed address.

        Which address, and why it is suppressed.

        Needs the scope `suppressions:read`.
        """
        return await self._ask(
            "GET",
            f"/suppressions/{part(suppression_id)}",
            "Suppression",
            environment=environment,
            timeout=timeout,
        )

    async def delete(
        self,
        suppression_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Remove an address from the list.

        It can be written to again.

        Needs the scope `suppressions:write`.
        """
        return await self._ask(
            "DELETE",
            f"/suppressions/{part(suppression_id)}",
            "none",
            environment=environment,
            timeout=timeout,
        )
