# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING

from agentpost._core.resource import AsyncResource

if TYPE_CHECKING:
    from agentpost._core.pages import AsyncPages
    from agentpost.types.org import AuditEntry


class AsyncOrg(AsyncResource):
    def list_audit_log(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        timeout: float | None = None,
    ) -> AsyncPages[AuditEntry]:
        """Read the audit log.

        Access, settings, approvals, deletions: who, what, before and after. Nothing in it can be changed.

        Needs the scope `audit:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        """
        return self._pages(
            "GET",
            "/org/audit-log",
            "AuditEntry",
            query={"limit": limit, "page_token": page_token, "ascending": ascending},
            timeout=timeout,
        )
