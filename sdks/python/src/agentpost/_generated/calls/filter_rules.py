# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from agentpost._core.resource import OMIT, Omit, Resource, part

if TYPE_CHECKING:
    from agentpost._core.pages import Page
    from agentpost.types.filter_rules import FilterAnswer, FilterRule


class FilterRules(Resource):
    def list(
        self,
        *,
        limit: int | None = None,
        page_token: str | None = None,
        ascending: bool | None = None,
        direction: Literal["receive", "reply", "send"] | None = None,
        inbox_id: str | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Page[FilterRule]:
        """List filter rules.

        Those of this environment and of the organization, newest first.

        Needs the scope `filter_rules:read`.

        limit: Rows a page.
        page_token: `next_page_token` of the page before.
        ascending: Oldest first.
        direction: Only rules of this direction.
        inbox_id: Only those of this inbox alone.
        """
        return self._pages(
            "GET",
            "/filter-rules",
            "FilterRule",
            query={
                "limit": limit,
                "page_token": page_token,
                "ascending": ascending,
                "direction": direction,
                "inbox_id": inbox_id,
            },
            environment=environment,
            timeout=timeout,
        )

    def create(
        self,
        *,
        direction: Literal["receive", "reply", "send"],
        action: Literal["allow", "block"],
        match_type: Literal["address", "domain", "subdomain_wildcard"],
        value: str,
        scope: Literal["environment", "inbox", "organization"] | None = None,
        environment_id: str | None = None,
        inbox_id: str | None = None,
        require_authentication: bool | None = None,
        reason: str | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> FilterRule:
        """Create a filter rule.

        It holds from the next mail on. An allow rule shuts out everybody else: the answer's `warning` says so. 200
        with the one that stands when the same rule is made again.

        Needs the scope `filter_rules:write`.
        """
        return self._ask(
            "POST",
            "/filter-rules",
            "FilterRule",
            body={
                "direction": direction,
                "action": action,
                "match_type": match_type,
                "value": value,
                "scope": scope,
                "environment_id": environment_id,
                "inbox_id": inbox_id,
                "require_authentication": require_authentication,
                "reason": reason,
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    def test(
        self,
        *,
        direction: Literal["receive", "reply", "send"],
        email: str,
        inbox_id: str | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> FilterAnswer:
        """Ask what the filter rules say.

        Whether an address may be written to, or received from, and which rule says so. Changes nothing.

        Needs the scope `filter_rules:read`.
        """
        return self._ask(
            "POST",
            "/filter-rules/test",
            "FilterAnswer",
            body={"direction": direction, "email": email, "inbox_id": inbox_id},
            environment=environment,
            timeout=timeout,
        )

    def get(
        self,
        rule_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> FilterRule:
        """Get a filter rule.

        Needs the scope `filter_rules:read`.
        """
        return self._ask(
            "GET",
            f"/filter-rules/{part(rule_id)}",
            "FilterRule",
            environment=environment,
            timeout=timeout,
        )

    def update(
        self,
        rule_id: str,
        *,
        action: Literal["allow", "block"] | Omit = OMIT,
        match_type: Literal["address", "domain", "subdomain_wildcard"] | Omit = OMIT,
        value: str | Omit = OMIT,
        require_authentication: bool | Omit = OMIT,
        reason: str | None | Omit = OMIT,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> FilterRule:
        """Change a filter rule.

        What is absent stays; null clears the reason. Where it holds and in which direction does not change.

        Needs the scope `filter_rules:write`.
        """
        return self._ask(
            "PATCH",
            f"/filter-rules/{part(rule_id)}",
            "FilterRule",
            body={
                "action": action,
                "match_type": match_type,
                "value": value,
                "require_authentication": require_authentication,
                "reason": reason,
            },
            environment=environment,
            timeout=timeout,
        )

    def delete(
        self,
        rule_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Delete a filter rule.

        With the last allow rule of a direction goes the list: everybody may again.

        Needs the scope `filter_rules:write`.
        """
        return self._ask(
            "DELETE",
            f"/filter-rules/{part(rule_id)}",
            "none",
            environment=environment,
            timeout=timeout,
        )
