"""Shapes of filter rules (SPEC 22)."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339
from agentpost_server.policies.model import Id, Place, place_of

Direction = Literal["send", "receive", "reply"]
Action = Literal["allow", "block"]
MatchType = Literal["address", "domain", "subdomain_wildcard"]
Value = Annotated[str, Meta(min_length=1, max_length=320)]
Why = Annotated[str, Meta(max_length=500)]


class FilterRule(msgspec.Struct, kw_only=True):
    id: str
    scope: Place
    environment_id: str | None
    inbox_id: str | None
    direction: Direction
    action: Action
    match_type: MatchType
    value: str
    require_authentication: bool
    reason: str | None
    created_at: str
    warning: str | UnsetType = UNSET
    """In the answer that made an allow rule: whom it shuts out."""


class CreateFilterRule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    direction: Direction
    action: Action
    match_type: MatchType
    value: Value
    """`ann@example.com`, `example.com`, or `*.example.com`: every name below, and not `example.com` itself."""
    scope: Place = "environment"
    environment_id: Id | None = None
    """With the scope `environment`. None: the one that the request is made in."""
    inbox_id: Id | None = None
    """With the scope `inbox`."""
    require_authentication: bool = False
    """Of an allow rule for mail that comes in: it counts only with an aligned pass of DMARC or DKIM."""
    reason: Why | None = None


class UpdateFilterRule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    action: Action | UnsetType = UNSET
    match_type: MatchType | UnsetType = UNSET
    value: Value | UnsetType = UNSET
    require_authentication: bool | UnsetType = UNSET
    reason: Why | None | UnsetType = UNSET


class AskFilterRules(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    direction: Direction
    email: Annotated[str, Meta(max_length=320)]
    inbox_id: Id | None = None
    """None: only the rules of the environment and of the organization."""


class FilterAnswer(msgspec.Struct, kw_only=True):
    allowed: bool
    rule: FilterRule | None
    """The one that decided; for who is not on a list, one that makes it a list."""
    reason: str


def filter_rule_of(row: Any) -> FilterRule:
    return FilterRule(
        id=ids.encode("rul", row["id"]),
        scope=place_of(row),
        environment_id=ids.encode_or_none("env", row["environment_id"]),
        inbox_id=ids.encode_or_none("inb", row["inbox_id"]),
        direction=row["direction"],
        action=row["action"],
        match_type=row["match_type"],
        value=row["value"],
        require_authentication=row["require_authentication"],
        reason=row["reason"],
        created_at=rfc3339(row["created_at"]),
    )
