# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING

from agentpost._core.resource import OMIT, AsyncResource, Omit, part

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPages
    from agentpost.types.domains import DmarcRow, DmarcSummary, Domain


class AsyncDomains(AsyncResource):
    def list(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[Domain]:
        """List domains.

        Newest first, each with its records as they were last seen.

        Needs the scope `domains:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            "/domains",
            "Domain",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            environment=environment,
            timeout=timeout,
        )

    async def create(
        self,
        *,
        domain: str,
        client_id: str | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Domain:
        """Add a domain.

        Publish its `records`; the server looks for them at once and then for 72 hours, and tells by `domain.verified`
        or `domain.failed`. The first on this server to prove a domain holds it.

        Needs the scope `domains:write`.
        """
        return await self._ask(
            "POST",
            "/domains",
            "Domain",
            body={"domain": domain, "client_id": client_id},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def get(
        self,
        domain_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Domain:
        """Get a domain.

        Needs the scope `domains:read`.
        """
        return await self._ask(
            "GET",
            f"/domains/{part(domain_id)}",
            "Domain",
            environment=environment,
            timeout=timeout,
        )

    async def update(
        self,
        domain_id: str,
        *,
        catch_all_inbox_id: str | None | Omit = OMIT,
        subdomains_enabled: bool | Omit = OMIT,
        transport: str | None | Omit = OMIT,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Domain:
        """Change a domain.

        What is absent stays; null clears. Another `transport` may ask for other records: until they are published the
        domain cannot send. Subdomains stay enabled (409) while inboxes stand on them.

        Needs the scope `domains:write`.
        """
        return await self._ask(
            "PATCH",
            f"/domains/{part(domain_id)}",
            "Domain",
            body={
                "catch_all_inbox_id": catch_all_inbox_id,
                "subdomains_enabled": subdomains_enabled,
                "transport": transport,
            },
            environment=environment,
            timeout=timeout,
        )

    async def delete(
        self,
        domain_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Delete a domain.

        Refused (409) while inboxes stand on it, which stay while mail of theirs is on its way out. Its keys go with
        it, and anybody who proves the domain may have it next.

        Needs the scope `domains:write`.
        """
        return await self._ask(
            "DELETE",
            f"/domains/{part(domain_id)}",
            "none",
            environment=environment,
            timeout=timeout,
        )

    def list_reports(
        self,
        domain_id: str,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[DmarcRow]:
        """List what DMARC reports say of a domain.

        One row for each address that sent in the domain's name, the newest report first. Reports come by mail to the
        address that the domain's DMARC record names; they are read and not kept as messages.

        Needs the scope `domains:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            f"/domains/{part(domain_id)}/reports",
            "DmarcRow",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            environment=environment,
            timeout=timeout,
        )

    async def get_reports_summary(
        self,
        domain_id: str,
        *,
        window_days: int | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> DmarcSummary:
        """Get what DMARC reports say of a domain, by day.

        How many mails in the domain's name were seen, and how many of them DMARC passed.

        Needs the scope `domains:read`.

        window_days: How many days, today included.
        """
        return await self._ask(
            "GET",
            f"/domains/{part(domain_id)}/reports/summary",
            "DmarcSummary",
            query={"window_days": window_days},
            environment=environment,
            timeout=timeout,
        )

    async def rotate_dkim(
        self,
        domain_id: str,
        *,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Domain:
        """Rotate a domain's DKIM key.

        Publish the new record beside the old one. The old key signs until the new one is seen; leave its record for
        the seven days that it is still listed, for the mail that it signed.

        Needs the scope `domains:write`.
        """
        return await self._ask(
            "POST",
            f"/domains/{part(domain_id)}/rotate-dkim",
            "Domain",
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def verify(
        self,
        domain_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Domain:
        """Look for a domain's records now.

        Asks the DNS anew, past this server's cache, and answers with what it found. Also begins the search again for
        a domain that has failed.

        Needs the scope `domains:write`.
        """
        return await self._ask(
            "POST",
            f"/domains/{part(domain_id)}/verify",
            "Domain",
            environment=environment,
            timeout=timeout,
        )

    async def get_zone_file(
        self,
        domain_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> str:
        """Get a domain's records as a zone file.

        For name servers that read BIND's format (RFC 1035).

        Needs the scope `domains:read`.
        """
        return await self._ask(
            "GET",
            f"/domains/{part(domain_id)}/zone-file",
            "text",
            environment=environment,
            timeout=timeout,
        )
