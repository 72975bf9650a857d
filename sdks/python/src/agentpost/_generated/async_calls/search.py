# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentpost._core.resource import AsyncResource, many

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPages
    from agentpost.types.search import SearchResult


class AsyncSearch(AsyncResource):
    def query(
        self,
        *,
        q: str,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        inbox_id: str | None = None,
        labels: Sequence[str] | None = None,
        before: str | None = None,
        after: str | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[SearchResult]:
        """Search mail.

        In subjects, people and texts, newest first. `highlights` are HTML with `<mark>`, everything else escaped.

        Needs the scope `search:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        q: Words; `"a phrase"`, `or`, `-not`, `begin*`; the last is a beginning.
        inbox_id: Only messages of this inbox.
        labels: All of these: repeated, or separated by commas.
        before: Only messages that are older than this moment.
        after: Only messages of this moment or later.
        """
        return self._pages(
            "GET",
            "/search",
            "SearchResult",
            query={
                "limit": limit,
                "page_token": page_token,
                "ascending": ascending,
                "q": q,
                "inbox_id": inbox_id,
                "labels": many(labels),
                "before": before,
                "after": after,
            },
            environment=environment,
            timeout=timeout,
        )
