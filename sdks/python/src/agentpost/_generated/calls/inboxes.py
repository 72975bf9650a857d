# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from agentpost._core.resource import OMIT, Omit, Resource, part

if TYPE_CHECKING:
    from agentpost._core.pages import Page
    from agentpost.types.inboxes import Deliverability, Inbox


class Inboxes(Resource):
    def list(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        q: str | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Page[Inbox]:
        """List or search inboxes.

        Newest first. With `q`: those whose address or display name has a word that begins so, in order of that word.

        Needs the scope `inboxes:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        q: Begins a word of the address or display name.
        """
        return self._pages(
            "GET",
            "/inboxes",
            "Inbox",
            query={"limit": limit, "page_token": page_token, "ascending": ascending, "q": q},
            environment=environment,
            timeout=timeout,
        )

    def create(
        self,
        *,
        username: str | None = None,
        domain: str | None = None,
        display_name: str | None = None,
        client_id: str | None = None,
        metadata: Mapping[str, str | int | float | bool] | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Inbox:
        """Create an inbox.

        An address that receives at once. Without a domain it stands on the server's shared one.

        Needs the scope `inboxes:write`.
        """
        return self._ask(
            "POST",
            "/inboxes",
            "Inbox",
            body={
                "username": username,
                "domain": domain,
                "display_name": display_name,
                "client_id": client_id,
                "metadata": metadata,
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    def get(
        self,
        inbox_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Inbox:
        """Get an inbox.

        Needs the scope `inboxes:read`.
        """
        return self._ask(
            "GET",
            f"/inboxes/{part(inbox_id)}",
            "Inbox",
            environment=environment,
            timeout=timeout,
        )

    def update(
        self,
        inbox_id: str,
        *,
        display_name: str | None | Omit = OMIT,
        metadata: Mapping[str, str | int | float | bool] | None | Omit = OMIT,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Inbox:
        """Change an inbox.

        What is absent stays; null clears. `metadata` is replaced whole.

        Needs the scope `inboxes:write`.
        """
        return self._ask(
            "PATCH",
            f"/inboxes/{part(inbox_id)}",
            "Inbox",
            body={"display_name": display_name, "metadata": metadata},
            environment=environment,
            timeout=timeout,
        )

    def delete(
        self,
        inbox_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Delete an inbox.

        Its mail goes with it. The address is never given to anyone again.

        Needs the scope `inboxes:write`.
        """
        return self._ask(
            "DELETE",
            f"/inboxes/{part(inbox_id)}",
            "none",
            environment=environment,
            timeout=timeout,
        )

    def get_deliverability(
        self,
        inbox_id: str,
        *,
        window_days: int | None = None,
        interval: Literal["day", "hour"] | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Deliverability:
        """Get an inbox's deliverability.

        Score, rates and series of what this inbox sent. A few seconds behind.

        Needs the scope `metrics:read`.

        window_days: How far back to look.
        interval: What one entry of `series` stands for, in UTC.
        """
        return self._ask(
            "GET",
            f"/inboxes/{part(inbox_id)}/deliverability",
            "Deliverability",
            query={"window_days": window_days, "interval": interval},
            environment=environment,
            timeout=timeout,
        )

    def pause(
        self,
        inbox_id: str,
        *,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Inbox:
        """Pause sending.

        Nothing leaves from this inbox until it is resumed. It goes on receiving.

        Needs the scope `inboxes:write`.
        """
        return self._ask(
            "POST",
            f"/inboxes/{part(inbox_id)}/pause",
            "Inbox",
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    def resume(
        self,
        inbox_id: str,
        *,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Inbox:
        """Resume sending.

        Needs the scope `inboxes:write`.
        """
        return self._ask(
            "POST",
            f"/inboxes/{part(inbox_id)}/resume",
            "Inbox",
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )
