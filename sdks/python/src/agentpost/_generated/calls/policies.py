# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from agentpost._core.resource import OMIT, Omit, Resource, part

if TYPE_CHECKING:
    from agentpost._core.pages import Page
    from agentpost.types.policies import Policy


class Policies(Resource):
    def list(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        kind: Literal["approval", "caps", "flow", "governance", "loop", "screening"] | None = None,
        inbox_id: str | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Page[Policy]:
        """List policies.

        Those of this environment and of the organization, newest first.

        Needs the scope `policies:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        kind: Only policies of this kind.
        inbox_id: Only those of this inbox alone.
        """
        return self._pages(
            "GET",
            "/policies",
            "Policy",
            query={
                "limit": limit,
                "page_token": page_token,
                "ascending": ascending,
                "kind": kind,
                "inbox_id": inbox_id,
            },
            environment=environment,
            timeout=timeout,
        )

    def create(
        self,
        *,
        name: str,
        kind: Literal["approval", "caps", "flow", "governance", "loop", "screening"],
        scope: Literal["environment", "inbox", "organization"] | None = None,
        environment_id: str | None = None,
        inbox_id: str | None = None,
        enabled: bool | None = None,
        rules: Mapping[str, bool | int | float | str | Sequence[str] | None] | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Policy:
        """Create a policy.

        It holds from the next send on. The kinds and their rules: docs/guides/policies.md.

        Needs the scope `policies:write`.
        """
        return self._ask(
            "POST",
            "/policies",
            "Policy",
            body={
                "name": name,
                "kind": kind,
                "scope": scope,
                "environment_id": environment_id,
                "inbox_id": inbox_id,
                "enabled": enabled,
                "rules": rules,
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    def get(
        self,
        policy_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Policy:
        """Get a policy.

        With every rule of its kind, those left out at creation included.

        Needs the scope `policies:read`.
        """
        return self._ask(
            "GET",
            f"/policies/{part(policy_id)}",
            "Policy",
            environment=environment,
            timeout=timeout,
        )

    def update(
        self,
        policy_id: str,
        *,
        name: str | Omit = OMIT,
        enabled: bool | Omit = OMIT,
        rules: Mapping[str, bool | int | float | str | Sequence[str] | None] | Omit = OMIT,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Policy:
        """Change a policy.

        What is absent stays; `rules` are replaced whole.

        Needs the scope `policies:write`.
        """
        return self._ask(
            "PATCH",
            f"/policies/{part(policy_id)}",
            "Policy",
            body={"name": name, "enabled": enabled, "rules": rules},
            environment=environment,
            timeout=timeout,
        )

    def delete(
        self,
        policy_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Delete a policy.

        What it made wait goes on waiting.

        Needs the scope `policies:write`.
        """
        return self._ask(
            "DELETE",
            f"/policies/{part(policy_id)}",
            "none",
            environment=environment,
            timeout=timeout,
        )
