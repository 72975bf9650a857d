# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from agentpost._core.resource import Resource, many

if TYPE_CHECKING:
    from agentpost._core.pages import Page
    from agentpost._generated.asked import AddressParam, AttachmentInParam, ChosenAuthenticationParam, TurnParam
    from agentpost.types.drafts import Address
    from agentpost.types.sandbox import Captured, ChosenAuthentication, Clock, Delivered, Persona, Turn


class Sandbox(Resource):
    def get_clock(
        self,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Clock:
        """Read the environment's clock.

        The wall's, but in a test environment whose clock was advanced.

        Needs the scope `environments:write`.
        """
        return self._ask(
            "GET",
            "/sandbox/clock",
            "Clock",
            environment=environment,
            timeout=timeout,
        )

    def advance_clock(
        self,
        *,
        advance_seconds: int | None = None,
        to: datetime | str | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Clock:
        """Advance the environment's clock.

        Of a test environment only, and forward only. What it has waiting becomes due that much sooner.

        Needs the scope `environments:write`.
        """
        return self._ask(
            "POST",
            "/sandbox/clock",
            "Clock",
            body={"advance_seconds": advance_seconds, "to": to},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    def deliver(
        self,
        *,
        inbox_id: str,
        raw: str | None = None,
        raw_base64: bytes | str | None = None,
        mail_from: str | None = None,
        from_address: str | AddressParam | Address | None = None,
        to: Sequence[str | AddressParam | Address] | None = None,
        cc: Sequence[str | AddressParam | Address] | None = None,
        reply_to: Sequence[str | AddressParam | Address] | None = None,
        subject: str | None = None,
        text_body: str | None = None,
        html_body: str | None = None,
        attachments: Sequence[AttachmentInParam] | None = None,
        headers: Mapping[str, str] | None = None,
        in_reply_to: str | None = None,
        automatic: bool | None = None,
        authentication: ChosenAuthenticationParam | ChosenAuthentication | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Delivered:
        """Deliver a mail to an inbox.

        As if it came from outside, at the environment's time. In a test environment only.

        Needs the scope `environments:write`.
        """
        return self._ask(
            "POST",
            "/sandbox/deliver",
            "Delivered",
            body={
                "inbox_id": inbox_id,
                "raw": raw,
                "raw_base64": raw_base64,
                "mail_from": mail_from,
                "from_address": from_address,
                "to": many(to),
                "cc": many(cc),
                "reply_to": many(reply_to),
                "subject": subject,
                "text_body": text_body,
                "html_body": html_body,
                "attachments": attachments,
                "headers": headers,
                "in_reply_to": in_reply_to,
                "automatic": automatic,
                "authentication": authentication,
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    def list_outbox(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Page[Captured]:
        """List captured mail.

        What the local network kept instead of sending, newest first.

        Needs the scope `environments:write`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            "/sandbox/outbox",
            "Captured",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            environment=environment,
            timeout=timeout,
        )

    def list_personas(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Page[Persona]:
        """List correspondents.

        By address, descending; those of the environment and the built-in people of `sandbox.test`.

        Needs the scope `environments:write`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            "/sandbox/personas",
            "Persona",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            environment=environment,
            timeout=timeout,
        )

    def write_persona(
        self,
        *,
        email: str,
        script: Sequence[TurnParam | Turn],
        name: str | None = None,
        afterwards: Literal["repeat", "restart", "silence"] | None = None,
        authentication: ChosenAuthenticationParam | ChosenAuthentication | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Persona:
        """Write a correspondent's script.

        In a test environment. 200 where the address has one already: it is written anew.

        Needs the scope `environments:write`.
        """
        return self._ask(
            "POST",
            "/sandbox/personas",
            "Persona",
            body={
                "email": email,
                "name": name,
                "script": script,
                "afterwards": afterwards,
                "authentication": authentication,
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )
