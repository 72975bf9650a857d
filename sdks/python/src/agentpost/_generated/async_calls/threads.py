# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from agentpost._core.resource import AsyncResource, many, part

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPages
    from agentpost.types.messages import Message
    from agentpost.types.threads import Context, Thread


class AsyncThreads(AsyncResource):
    def list(
        self,
        inbox_id: str | None = None,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        labels: Sequence[str] | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[Thread]:
        """List an inbox's threads.

        By last activity; with `labels` those that have all of them, by their newest message with one.

        Needs the scope `threads:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        labels: All of these: repeated, or separated by commas.
        """
        return self._pages(
            "GET",
            "/threads" if inbox_id is None else f"/inboxes/{part(inbox_id)}/threads",
            "Thread",
            query={"limit": limit, "page_token": page_token, "ascending": ascending, "labels": many(labels)},
            environment=environment,
            timeout=timeout,
        )

    async def get(
        self,
        thread_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Thread:
        """Get a thread.

        With its first 50 messages, oldest first. `messages_next_page_token` goes on at
        `/threads/{id}/messages?ascending=true`.

        Needs the scope `threads:read`.
        """
        return await self._ask(
            "GET",
            f"/threads/{part(thread_id)}",
            "Thread",
            environment=environment,
            timeout=timeout,
        )

    async def delete(
        self,
        thread_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Delete a thread.

        With all its messages. 409 while one of them is on its way out.

        Needs the scope `threads:write`.
        """
        return await self._ask(
            "DELETE",
            f"/threads/{part(thread_id)}",
            "none",
            environment=environment,
            timeout=timeout,
        )

    async def get_context(
        self,
        thread_id: str,
        *,
        max_tokens: int | None = None,
        offset: str | None = None,
        format: Literal["json", "markdown"] | None = None,
        hidden: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Context:
        """Read a thread for a model.

        The newest messages that fit into `max_tokens`, in the order they were written, each fenced off with the
        answer's `nonce`. Quotes of earlier messages are left out; `omitted` tells what is missing, `next_offset`
        leads on to it.

        Needs the scope `threads:read`.

        max_tokens: The whole `content` never costs more, fences included.
        offset: `next_offset` of the answer before.
        format: How `content` is written.
        hidden: Hidden text too, in spans of its own.
        """
        return await self._ask(
            "GET",
            f"/threads/{part(thread_id)}/context",
            "Context",
            query={"max_tokens": max_tokens, "offset": offset, "format": format, "hidden": hidden},
            environment=environment,
            timeout=timeout,
        )

    async def add_labels(
        self,
        thread_id: str,
        *,
        labels: Sequence[str] | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Thread:
        """Add labels to a thread.

        To every message that the thread has now. A thread's labels are those of its messages.

        Needs the scope `threads:write`.
        """
        return await self._ask(
            "POST",
            f"/threads/{part(thread_id)}/labels",
            "Thread",
            body={"labels": many(labels)},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def remove_labels(
        self,
        thread_id: str,
        *,
        labels: Sequence[str] | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Thread:
        """Remove labels from a thread.

        From every message of it. Removing `unread` marks the whole thread read.

        Needs the scope `threads:write`.
        """
        return await self._ask(
            "DELETE",
            f"/threads/{part(thread_id)}/labels",
            "Thread",
            body={"labels": many(labels)},
            environment=environment,
            timeout=timeout,
        )

    def list_messages(
        self,
        thread_id: str,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[Message]:
        """List a thread's mail.

        Newest first; `ascending=true` reads it as it was written.

        Needs the scope `threads:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            f"/threads/{part(thread_id)}/messages",
            "Message",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            environment=environment,
            timeout=timeout,
        )
