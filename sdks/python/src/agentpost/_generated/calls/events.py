# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentpost._core.resource import Resource, many, part

if TYPE_CHECKING:
    from agentpost._core.pages import Page
    from agentpost.types.events import Event


class Events(Resource):
    def list(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        after: str | None = None,
        types: Sequence[str] | None = None,
        inbox_id: str | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Page[Event]:
        """Read the event log.

        Always in log order, oldest first, in which nothing is ever skipped: go on later with the last id as `after`.

        An `after` that is unknown, another's or no longer kept is 410 `event_expired`, with the oldest id in
        `errors`.

        Needs the scope `events:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        after: The id of the last event that you have.
        types: Only these types: repeated, or separated by commas.
        inbox_id: Only events about this inbox.
        """
        return self._pages(
            "GET",
            "/events",
            "Event",
            query={
                "limit": limit,
                "page_token": page_token,
                "ascending": ascending,
                "after": after,
                "types": many(types),
                "inbox_id": inbox_id,
            },
            environment=environment,
            timeout=timeout,
        )

    def get(
        self,
        event_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Event:
        """Get an event.

        The envelope, as webhooks and streams carry it.

        Needs the scope `events:read`.
        """
        return self._ask(
            "GET",
            f"/events/{part(event_id)}",
            "Event",
            environment=environment,
            timeout=timeout,
        )
