"""What governs an inbox, as it was found: its policies sorted by kind, and for each kind the strictest of all of them.
Pure."""

from typing import Any, TypeVar
from uuid import UUID

import msgspec

from agentpost_server.loops import Limits
from agentpost_server.policies.facts import Hold
from agentpost_server.policies.model import RULES_OF, AnyRules, ApprovalRules, LoopRules

R = TypeVar("R", bound=AnyRules)


class FoundPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that holds, its rules still unread."""

    id: UUID
    name: str
    kind: str
    environment_id: UUID | None
    inbox_id: UUID | None
    rules: msgspec.Raw


class FoundRule(msgspec.Struct, frozen=True, kw_only=True):
    """A filter rule that names somebody who was asked about."""

    id: UUID
    direction: str
    action: str
    match_type: str
    value: str
    environment_id: UUID | None
    inbox_id: UUID | None
    require_authentication: bool = False


class List(msgspec.Struct, frozen=True, kw_only=True):
    """Of a direction: one rule that makes it a list of the allowed, and whether it has any rule."""

    direction: str
    rule_id: UUID | None
    has_rules: bool


class Governing(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one statement found (`store.governing`)."""

    policies: tuple[FoundPolicy, ...]
    rules: tuple[FoundRule, ...]
    lists: dict[str, List]
    is_answer: bool

    def of(self, kind: type[R]) -> list[tuple[FoundPolicy, R]]:
        """The policies of a kind with their rules, oldest first."""
        name = _KIND_OF[kind]
        return [(one, msgspec.json.decode(one.rules, type=kind)) for one in self.policies if one.kind == name]


_KIND_OF: dict[type[AnyRules], str] = {kind: name for name, kind in RULES_OF.items()}
_policies = msgspec.json.Decoder(tuple[FoundPolicy, ...])
_rules = msgspec.json.Decoder(tuple[FoundRule, ...])
_lists = msgspec.json.Decoder(tuple[List, ...])


def read_governing(row: Any) -> Governing:
    return Governing(
        policies=_policies.decode(row["policies"]) if row["policies"] else (),
        rules=_rules.decode(row["rules"]) if row["rules"] else (),
        lists={one.direction: one for one in _lists.decode(row["lists"])} if row["lists"] else {},
        is_answer=row["is_answer"],
    )


def hold_of(policy: FoundPolicy, rules: ApprovalRules, reason: str) -> Hold:
    return Hold(
        reason="loop" if reason == "loop" else "screening" if reason == "screening" else "approval",
        policy_id=policy.id,
        approvers=tuple(rules.approvers),
        expires_seconds=rules.expires_seconds,
        on_expiry=rules.on_expiry,
        author_may_approve=rules.author_may_approve,
    )


def loop_limits(found: list[tuple[FoundPolicy, LoopRules]]) -> Limits:
    """The fewest answers in the longest window."""
    if not found:
        return Limits()
    return Limits(
        replies=min(rules.replies for _, rules in found),
        window_seconds=max(rules.window_seconds for _, rules in found),
        ping_pong=min(rules.ping_pong for _, rules in found),
    )
