"""Shapes of policies (SPEC 22): six kinds, each with rules of its own, and nothing that the kind does not know."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339

Kind = Literal["approval", "flow", "caps", "screening", "loop", "governance"]
Place = Literal["organization", "environment", "inbox"]
Reason = Literal["always", "first_contact", "external_domain", "attachment", "loop", "screening"]
OnExpiry = Literal["reject", "send"]
Strictness = Literal["allow", "hold", "reject"]
Domains = Annotated[list[Annotated[str, Meta(min_length=1, max_length=253)]], Meta(max_length=1000)]
Emails = Annotated[list[Annotated[str, Meta(min_length=3, max_length=320)]], Meta(max_length=50)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Octets = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Id = Annotated[str, Meta(max_length=64)]
RuleValue = bool | int | float | str | list[str] | None
PolicyName = Annotated[str, Meta(min_length=1, max_length=200)]


class ApprovalRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sends wait for a person, who that is, and what happens when nobody decides."""

    when: Annotated[list[Reason], Meta(max_length=6)] = []
    recipients_over: Count | None = None
    internal_domains: Domains = []
    approvers: Emails = []
    expires_seconds: Annotated[int, Meta(ge=60, le=2_592_000)] = 86_400
    on_expiry: OnExpiry = "reject"
    author_may_approve: bool = False


class FlowRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom an inbox may write at all, and what mail from outside may add to what it writes."""

    replies_only: bool = False
    first_contact: Strictness = "allow"
    taint: Literal["off", "hold", "reject"] = "off"
    canaries: Annotated[list[Annotated[str, Meta(min_length=8, max_length=1000)]], Meta(max_length=100)] = []


class CapsRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may leave in an hour and a day of UTC, how large its files and how many at once."""

    messages_per_hour: Count | None = None
    messages_per_day: Count | None = None
    recipients_per_hour: Count | None = None
    recipients_per_day: Count | None = None
    attachment_bytes: Octets | None = None
    concurrent: Count | None = None
    over: Literal["reject", "hold"] = "reject"


class ScreeningRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which score on mail that comes in is labelled, and from which it is held."""

    label_at: Share | None = None
    hold_at: Share | None = None


class LoopRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a conversation counts as one of two machines."""

    replies: Annotated[int, Meta(ge=1, le=1000)] = 8
    window_seconds: Annotated[int, Meta(ge=10, le=86_400)] = 600
    ping_pong: Annotated[int, Meta(ge=1, le=1000)] = 6


class GovernanceRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organization asks of its own: domains that may send, the life of keys and of mail."""

    sending_domains: Domains = []
    max_key_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    require_totp: bool = False
    retention_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None


AnyRules = ApprovalRules | FlowRules | CapsRules | ScreeningRules | LoopRules | GovernanceRules
RULES_OF: Final[dict[str, type[AnyRules]]] = {
    "approval": ApprovalRules,
    "flow": FlowRules,
    "caps": CapsRules,
    "screening": ScreeningRules,
    "loop": LoopRules,
    "governance": GovernanceRules,
}


class Policy(msgspec.Struct, kw_only=True):
    """`rules` by kind: docs/guides/policies.md. The strictest of organization, environment and inbox holds."""

    id: str
    name: str
    kind: Kind
    scope: Place
    environment_id: str | None
    inbox_id: str | None
    enabled: bool
    rules: dict[str, RuleValue]
    created_at: str
    updated_at: str


class CreatePolicy(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: PolicyName
    kind: Kind
    scope: Place = "environment"
    environment_id: Id | None = None
    """With the scope `environment`. None: the one that the request is made in."""
    inbox_id: Id | None = None
    """With the scope `inbox`."""
    enabled: bool = True
    rules: dict[str, RuleValue] = {}
    """Of the kind, and no other: what is absent has the value that docs/guides/policies.md names."""


class UpdatePolicy(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: PolicyName | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    rules: dict[str, RuleValue] | UnsetType = UNSET
    """Replaces all of them."""


def place_of(row: Any) -> Place:
    if row["inbox_id"] is not None:
        return "inbox"
    return "environment" if row["environment_id"] is not None else "organization"


def policy_of(row: Any) -> Policy:
    return Policy(
        id=ids.encode("pol", row["id"]),
        name=row["name"],
        kind=row["kind"],
        scope=place_of(row),
        environment_id=ids.encode_or_none("env", row["environment_id"]),
        inbox_id=ids.encode_or_none("inb", row["inbox_id"]),
        enabled=row["enabled"],
        rules=msgspec.json.decode(row["rules"], type=dict[str, RuleValue]),
        created_at=rfc3339(row["created_at"]),
        updated_at=rfc3339(row["updated_at"]),
    )
