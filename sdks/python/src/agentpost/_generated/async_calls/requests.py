# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING

from agentpost._core.resource import AsyncResource

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPages
    from agentpost.types.requests import LoggedRequest


class AsyncRequests(AsyncResource):
    def list(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[LoggedRequest]:
        """List API requests.

        Method, path, status, duration and key of each request; never a body. Kept for days; up to a second behind.

        Needs the scope `audit:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            "/requests",
            "LoggedRequest",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            timeout=timeout,
        )
