# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from agentpost._core.resource import OMIT, Omit, Resource, many, part

if TYPE_CHECKING:
    from agentpost._core.pages import Page
    from agentpost._generated.asked import AddressParam, AttachmentInParam
    from agentpost.types.drafts import Address, Draft, Revision
    from agentpost.types.messages import Message


class Drafts(Resource):
    def get(
        self,
        draft_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Draft:
        """Get a draft.

        As its newest revision is.

        Needs the scope `drafts:read`.
        """
        return self._ask(
            "GET",
            f"/drafts/{part(draft_id)}",
            "Draft",
            environment=environment,
            timeout=timeout,
        )

    def update(
        self,
        draft_id: str,
        *,
        revision: int | None | Omit = OMIT,
        to: Sequence[str | AddressParam | Address] | None | Omit = OMIT,
        cc: Sequence[str | AddressParam | Address] | None | Omit = OMIT,
        bcc: Sequence[str | AddressParam | Address] | None | Omit = OMIT,
        reply_to: Sequence[str | AddressParam | Address] | None | Omit = OMIT,
        subject: str | None | Omit = OMIT,
        text_body: str | None | Omit = OMIT,
        html_body: str | None | Omit = OMIT,
        attachments: Sequence[AttachmentInParam] | None | Omit = OMIT,
        headers: Mapping[str, str] | None | Omit = OMIT,
        labels: Sequence[str] | None | Omit = OMIT,
        send_at: datetime | str | None | Omit = OMIT,
        in_reply_to: str | None | Omit = OMIT,
        based_on: Sequence[str] | None | Omit = OMIT,
        unattended: bool | None | Omit = OMIT,
        list_unsubscribe: bool | None | Omit = OMIT,
        track_opens: bool | None | Omit = OMIT,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Draft:
        """Change a draft.

        What is absent stays; null clears. Every change is a revision. One that is scheduled afterwards needs
        `messages:send`.

        Needs the scope `drafts:write`.
        """
        return self._ask(
            "PATCH",
            f"/drafts/{part(draft_id)}",
            "Draft",
            body={
                "revision": revision,
                "to": many(to),
                "cc": many(cc),
                "bcc": many(bcc),
                "reply_to": many(reply_to),
                "subject": subject,
                "text_body": text_body,
                "html_body": html_body,
                "attachments": attachments,
                "headers": headers,
                "labels": many(labels),
                "send_at": send_at,
                "in_reply_to": in_reply_to,
                "based_on": many(based_on),
                "unattended": unattended,
                "list_unsubscribe": list_unsubscribe,
                "track_opens": track_opens,
            },
            environment=environment,
            timeout=timeout,
        )

    def delete(
        self,
        draft_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Delete a draft.

        With its revisions and files. A scheduled one is not sent any more.

        Needs the scope `drafts:write`.
        """
        return self._ask(
            "DELETE",
            f"/drafts/{part(draft_id)}",
            "none",
            environment=environment,
            timeout=timeout,
        )

    def list_revisions(
        self,
        draft_id: str,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Page[Revision]:
        """List a draft's revisions.

        The draft as it was, newest first: who wrote each, and which fields `changed`.

        Needs the scope `drafts:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            f"/drafts/{part(draft_id)}/revisions",
            "Revision",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            environment=environment,
            timeout=timeout,
        )

    def send(
        self,
        draft_id: str,
        *,
        revision: int | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Send a draft.

        Now, whatever `send_at` says. The draft is gone and the message is there, both or neither.

        Needs the scope `messages:send`.
        """
        return self._ask(
            "POST",
            f"/drafts/{part(draft_id)}/send",
            "Message",
            body={"revision": revision},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    def list(
        self,
        inbox_id: str,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Page[Draft]:
        """List an inbox's drafts.

        Newest first, bodies included: a page of long ones may hold fewer than `limit`.

        Needs the scope `drafts:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            f"/inboxes/{part(inbox_id)}/drafts",
            "Draft",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            environment=environment,
            timeout=timeout,
        )

    def create(
        self,
        inbox_id: str,
        *,
        to: Sequence[str | AddressParam | Address] | None = None,
        cc: Sequence[str | AddressParam | Address] | None = None,
        bcc: Sequence[str | AddressParam | Address] | None = None,
        reply_to: Sequence[str | AddressParam | Address] | None = None,
        text_body: str | None = None,
        html_body: str | None = None,
        attachments: Sequence[AttachmentInParam] | None = None,
        headers: Mapping[str, str] | None = None,
        labels: Sequence[str] | None = None,
        send_at: datetime | str | None = None,
        based_on: Sequence[str] | None = None,
        unattended: bool | None = None,
        list_unsubscribe: bool | None = None,
        track_opens: bool | None = None,
        subject: str | None = None,
        in_reply_to: str | None = None,
        client_id: str | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Draft:
        """Create a draft.

        Nothing leaves until it is sent. With `send_at` it is sent then, which needs `messages:send`.

        Needs the scope `drafts:write`.
        """
        return self._ask(
            "POST",
            f"/inboxes/{part(inbox_id)}/drafts",
            "Draft",
            body={
                "to": many(to),
                "cc": many(cc),
                "bcc": many(bcc),
                "reply_to": many(reply_to),
                "text_body": text_body,
                "html_body": html_body,
                "attachments": attachments,
                "headers": headers,
                "labels": many(labels),
                "send_at": send_at,
                "based_on": many(based_on),
                "unattended": unattended,
                "list_unsubscribe": list_unsubscribe,
                "track_opens": track_opens,
                "subject": subject,
                "in_reply_to": in_reply_to,
                "client_id": client_id,
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )
