"""Which filter rule speaks for an address (SPEC 10): the most specific one, and among equals the one that blocks. Pure.

An address beats a domain beats a wildcard; then an inbox beats an environment beats the organization. Where nothing
matches, a direction that has an allow rule lets nobody through, and any other everybody.
"""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.mail.address import without_tag
from agentpost_server.policies.governing import FoundRule, List

_CLOSER: Final = {"address": 2, "domain": 1, "subdomain_wildcard": 0}


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """`rule_id`: the rule that decided, or one that makes the list which the address is not on. None: no rule."""

    allowed: bool
    rule_id: UUID | None = None
    by_list: bool = False


def candidates(emails: Iterable[str]) -> list[str]:
    """Every value by which a rule can name one of the addresses."""
    return list(dict.fromkeys(value for email in emails for value in _values(email)))


def rule_on(email: str, rules: Sequence[FoundRule], listed: List | None, *, authentic: bool = True) -> Ruling:
    """`rules`: of one direction. `authentic`: it is proven that who is named is who wrote; else a rule that requires
    that does not count."""
    matching = [one for one in rules if _matches(one, email) and (authentic or not one.require_authentication)]
    if matching:
        chosen = max(matching, key=_weight)
        return Ruling(allowed=chosen.action == "allow", rule_id=chosen.id)
    if listed is not None and listed.rule_id is not None:
        return Ruling(allowed=False, rule_id=listed.rule_id, by_list=True)
    return Ruling(allowed=True)


def _values(email: str) -> Iterable[str]:
    domain = email.rpartition("@")[2]
    labels = domain.split(".")
    yield from (email, without_tag(email), domain)
    yield from ("*." + ".".join(labels[n:]) for n in range(1, len(labels)))


def _matches(rule: FoundRule, email: str) -> bool:
    domain = email.rpartition("@")[2]
    match rule.match_type:
        case "address":
            # A tag leads to the same mailbox: it gets nobody past a block. Who is allowed is allowed as written.
            return rule.value == email or (rule.action == "block" and rule.value == without_tag(email))
        case "domain":
            return rule.value == domain
        case _:
            return domain.endswith(rule.value[1:])


def _weight(rule: FoundRule) -> tuple[int, int, bool]:
    place = 2 if rule.inbox_id is not None else 1 if rule.environment_id is not None else 0
    return _CLOSER[rule.match_type], place, rule.action == "block"
