# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from agentpost._core.resource import OMIT, AsyncResource, Omit, many, part

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPages
    from agentpost.types.environments import Environment


class AsyncEnvironments(AsyncResource):
    def list(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[Environment]:
        """List environments.

        Needs the scope `environments:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            "/environments",
            "Environment",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            timeout=timeout,
        )

    async def create(
        self,
        *,
        name: str,
        slug: str,
        kind: Literal["dev", "live", "test"] | None = None,
        transport: Literal["direct", "local", "mailgun", "postmark", "sendgrid", "ses", "smtp"] | None = None,
        allowed_recipients: Sequence[str] | None = None,
        retention_days: int | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Environment:
        """Create an environment.

        Its `transport` is one that this server has.

        Needs the scope `environments:write`.
        """
        return await self._ask(
            "POST",
            "/environments",
            "Environment",
            body={
                "name": name,
                "slug": slug,
                "kind": kind,
                "transport": transport,
                "allowed_recipients": many(allowed_recipients),
                "retention_days": retention_days,
            },
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def get(
        self,
        environment_id: str,
        *,
        timeout: float | None = None,
    ) -> Environment:
        """Get an environment.

        Needs the scope `environments:read`.
        """
        return await self._ask(
            "GET",
            f"/environments/{part(environment_id)}",
            "Environment",
            timeout=timeout,
        )

    async def update(
        self,
        environment_id: str,
        *,
        name: str | Omit = OMIT,
        transport: Literal["direct", "local", "mailgun", "postmark", "sendgrid", "ses", "smtp"] | Omit = OMIT,
        allowed_recipients: Sequence[str] | None | Omit = OMIT,
        send_paused: bool | Omit = OMIT,
        retention_days: int | None | Omit = OMIT,
        timeout: float | None = None,
    ) -> Environment:
        """Change an environment.

        Mail that was submitted before goes by the transports that were chosen then.

        Needs the scope `environments:write`.
        """
        return await self._ask(
            "PATCH",
            f"/environments/{part(environment_id)}",
            "Environment",
            body={
                "name": name,
                "transport": transport,
                "allowed_recipients": many(allowed_recipients),
                "send_paused": send_paused,
                "retention_days": retention_days,
            },
            timeout=timeout,
        )

    async def delete(
        self,
        environment_id: str,
        *,
        timeout: float | None = None,
    ) -> None:
        """Delete an empty environment.

        Needs the scope `environments:write`.
        """
        return await self._ask(
            "DELETE",
            f"/environments/{part(environment_id)}",
            "none",
            timeout=timeout,
        )
