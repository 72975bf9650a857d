# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING

from agentpost._core.resource import AsyncResource

if TYPE_CHECKING:
    from agentpost.types.auth import Me


class AsyncAuth(AsyncResource):
    async def me(
        self,
        *,
        timeout: float | None = None,
    ) -> Me:
        """Who is calling.

        The key that made this request, its organization, scopes and implied environment.
        """
        return await self._ask(
            "GET",
            "/auth/me",
            "Me",
            timeout=timeout,
        )
