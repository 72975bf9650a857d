# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING

from agentpost._core.resource import Resource

if TYPE_CHECKING:
    from agentpost.types.organizations import UsageReport


class Organizations(Resource):
    def get_usage(
        self,
        *,
        timeout: float | None = None,
    ) -> UsageReport:
        """Usage of this month.

        Needs the scope `usage:read`.
        """
        return self._ask(
            "GET",
            "/usage",
            "UsageReport",
            timeout=timeout,
        )
