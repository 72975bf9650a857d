# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING

from agentpost._core.resource import AsyncResource

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPages
    from agentpost.types.labels import Label


class AsyncLabels(AsyncResource):
    def list(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        inbox_id: str | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[Label]:
        """List labels in use.

        In alphabetical order, backwards unless `ascending=true`.

        Needs the scope `messages:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        inbox_id: Only messages of this inbox.
        """
        return self._pages(
            "GET",
            "/labels",
            "Label",
            query={"limit": limit, "page_token": page_token, "ascending": ascending, "inbox_id": inbox_id},
            environment=environment,
            timeout=timeout,
        )
