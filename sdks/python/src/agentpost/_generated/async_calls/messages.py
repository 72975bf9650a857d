# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from agentpost._core.resource import AsyncResource, many, part

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPages
    from agentpost._generated.asked import AddressParam, AttachmentInParam, ChangesParam
    from agentpost.types.drafts import Address
    from agentpost.types.messages import Codes, Message, MessageEvent, MessageRevision, Preflight


class AsyncMessages(AsyncResource):
    def list(
        self,
        inbox_id: str | None = None,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        labels: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        subject: str | None = None,
        direction: Literal["inbound", "outbound"] | None = None,
        status: Literal[
            "bounced",
            "cancelled",
            "complained",
            "delivered",
            "failed",
            "held",
            "pending_approval",
            "queued",
            "received",
            "rejected",
            "scheduled",
            "sending",
            "sent",
            "unknown",
        ]
        | None = None,
        before: str | None = None,
        after: str | None = None,
        has_attachments: bool | None = None,
        thread: str | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[Message]:
        """List an inbox's mail.

        Newest first. Filters are joined by AND, and every one is served by an index.

        Needs the scope `messages:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        labels: All of these: repeated, or separated by commas.
        from_: The author's address.
        to: An address in to, cc or our own bcc.
        subject: Words of the subject; the last may be a beginning.
        direction: Received or sent.
        status: The message's status.
        before: Only messages that are older than this moment.
        after: Only messages of this moment or later.
        has_attachments: With files, or without any.
        thread: Only messages of this thread.
        """
        return self._pages(
            "GET",
            "/messages" if inbox_id is None else f"/inboxes/{part(inbox_id)}/messages",
            "Message",
            query={
                "limit": limit,
                "page_token": page_token,
                "ascending": ascending,
                "labels": many(labels),
                "from": from_,
                "to": to,
                "subject": subject,
                "direction": direction,
                "status": status,
                "before": before,
                "after": after,
                "has_attachments": has_attachments,
                "thread": thread,
            },
            environment=environment,
            timeout=timeout,
        )

    async def send(
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
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Send a message.

        Queued at once, or scheduled by `send_at`. Who is on the suppression list is left out and marked so.

        Needs the scope `messages:send`.
        """
        return await self._ask(
            "POST",
            f"/inboxes/{part(inbox_id)}/messages",
            "Message",
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
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def preflight(
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
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Preflight:
        """Ask what a send would meet.

        Every check that it would meet, which policy or rule each is, and what to do. Sends nothing, writes nothing,
        and fetches no `url`.

        Needs the scope `messages:send`.
        """
        return await self._ask(
            "POST",
            f"/inboxes/{part(inbox_id)}/messages/preflight",
            "Preflight",
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
            },
            environment=environment,
            timeout=timeout,
        )

    def batch_get(
        self,
        *,
        ids: Sequence[str],
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[Message]:
        """Get several messages.

        As list rows, in the order asked. What is not there is left out.

        Needs the scope `messages:read`.
        """
        return self._pages(
            "POST",
            "/messages/batch-get",
            "Message",
            body={"ids": many(ids)},
            environment=environment,
            timeout=timeout,
        )

    def batch_labels(
        self,
        *,
        ids: Sequence[str],
        add: Sequence[str] | None = None,
        remove: Sequence[str] | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[Message]:
        """Change the labels of several messages.

        All of them or, when one is not there, none (404).

        Needs the scope `messages:write`.
        """
        return self._pages(
            "POST",
            "/messages/batch-labels",
            "Message",
            body={"ids": many(ids), "add": many(add), "remove": many(remove)},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def get(
        self,
        message_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Get a message.

        With its texts and headers. `extracted_text` is what is new in it, without quoted history and signature;
        `markdown_body` is what a person sees, for a model: nothing hidden, no pictures to fetch.

        Needs the scope `messages:read`.
        """
        return await self._ask(
            "GET",
            f"/messages/{part(message_id)}",
            "Message",
            environment=environment,
            timeout=timeout,
        )

    async def delete(
        self,
        message_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Delete a message.

        With its bytes and files; a thread without messages goes too. 409 while the message is on its way out.

        Needs the scope `messages:write`.
        """
        return await self._ask(
            "DELETE",
            f"/messages/{part(message_id)}",
            "none",
            environment=environment,
            timeout=timeout,
        )

    async def approve(
        self,
        message_id: str,
        *,
        revision: int,
        changes: ChangesParam | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Approve a message that waits.

        As it is, or with `changes`. Everything that may have changed is asked again: what refuses a send keeps it
        waiting. 409 `revision_conflict` when it says something else by now, `already_decided` for who comes second.
        Mail that was withheld from an inbox becomes `received`.

        Needs the scope `drafts:approve`.
        """
        return await self._ask(
            "POST",
            f"/messages/{part(message_id)}/approve",
            "Message",
            body={"revision": revision, "changes": changes},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def cancel(
        self,
        message_id: str,
        *,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Cancel a message that waits.

        Scheduled, queued, or held for a person; 409 once it has begun to leave.

        Needs the scope `messages:send`.
        """
        return await self._ask(
            "POST",
            f"/messages/{part(message_id)}/cancel",
            "Message",
            body={},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def get_codes(
        self,
        message_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Codes:
        """Get one-time codes and links.

        Codes to type, and links that sign in, verify or reset; surest first. Quoted history is not looked at.

        Needs the scope `messages:read`.
        """
        return await self._ask(
            "GET",
            f"/messages/{part(message_id)}/codes",
            "Codes",
            environment=environment,
            timeout=timeout,
        )

    def list_events(
        self,
        message_id: str,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[MessageEvent]:
        """List a message's history.

        Every change of every recipient's status, newest first.

        Needs the scope `messages:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            f"/messages/{part(message_id)}/events",
            "MessageEvent",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            environment=environment,
            timeout=timeout,
        )

    async def forward(
        self,
        message_id: str,
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
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Forward a message.

        The whole original with its files, below what you write.

        Needs the scope `messages:send`.
        """
        return await self._ask(
            "POST",
            f"/messages/{part(message_id)}/forward",
            "Message",
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
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def add_labels(
        self,
        message_id: str,
        *,
        labels: Sequence[str] | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Add labels to a message.

        In the body or as `?labels=a,b`. What stands already stays.

        Needs the scope `messages:write`.
        """
        return await self._ask(
            "POST",
            f"/messages/{part(message_id)}/labels",
            "Message",
            body={"labels": many(labels)},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def remove_labels(
        self,
        message_id: str,
        *,
        labels: Sequence[str] | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Remove labels from a message.

        In the body or as `?labels=a,b`. Removing `unread` marks it read; the server's other labels stay.

        Needs the scope `messages:write`.
        """
        return await self._ask(
            "DELETE",
            f"/messages/{part(message_id)}/labels",
            "Message",
            body={"labels": many(labels)},
            environment=environment,
            timeout=timeout,
        )

    async def get_raw(
        self,
        message_id: str,
        *,
        original: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """Get the mail itself.

        RFC 5322, as received, below our Return-Path, Received and Authentication-Results; forged ones are left out.

        Needs the scope `messages:read`.

        original: The bytes as received, without the lines that we put on top.
        """
        return await self._ask(
            "GET",
            f"/messages/{part(message_id)}/raw",
            "bytes",
            query={"original": original},
            environment=environment,
            timeout=timeout,
        )

    async def reject(
        self,
        message_id: str,
        *,
        note: str | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Reject a message that waits.

        It is not sent; mail that was withheld from an inbox stays away. The note says why.

        Needs the scope `drafts:approve`.
        """
        return await self._ask(
            "POST",
            f"/messages/{part(message_id)}/reject",
            "Message",
            body={"note": note},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def reply(
        self,
        message_id: str,
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
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Reply to a message.

        To its author (Reply-To first), in its thread, with the original quoted.

        Needs the scope `messages:send`.
        """
        return await self._ask(
            "POST",
            f"/messages/{part(message_id)}/reply",
            "Message",
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
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def reply_all(
        self,
        message_id: str,
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
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Reply to everybody.

        To its author, and in `cc` to everybody else who got it. More than 50 are refused: name them yourself.

        Needs the scope `messages:send`.
        """
        return await self._ask(
            "POST",
            f"/messages/{part(message_id)}/reply-all",
            "Message",
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
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def reschedule(
        self,
        message_id: str,
        *,
        send_at: datetime | str,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Choose another time.

        Of a scheduled message; 409 for any other.

        Needs the scope `messages:send`.
        """
        return await self._ask(
            "POST",
            f"/messages/{part(message_id)}/reschedule",
            "Message",
            body={"send_at": send_at},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    def list_revisions(
        self,
        message_id: str,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[MessageRevision]:
        """List the revisions of a message that waited.

        What it said when it was written, and after each change of an approver, newest first.

        Needs the scope `messages:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            f"/messages/{part(message_id)}/revisions",
            "MessageRevision",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            environment=environment,
            timeout=timeout,
        )
