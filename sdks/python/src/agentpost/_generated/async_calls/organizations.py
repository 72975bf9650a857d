# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING

from agentpost._core.resource import AsyncResource

if TYPE_CHECKING:
    from agentpost.types.organizations import UsageReport


class AsyncOrganizations(AsyncResource):
    async def get_usage(
        self,
        *,
        timeout: float | None = None,
    ) -> UsageReport:
        """Usage of this month.

        Needs the scope `usage:read`.
        """
        return await self._ask(
            "GET",
            "/usage",
            "UsageReport",
            timeout=timeout,
        )
