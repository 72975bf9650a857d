"""Governance as far as it is about a send: from which domains mail may leave at all. Pure.

How long keys live is asked where they are made, how long mail is kept where it is thrown away.
"""

import msgspec

from agentpost_server.policies.facts import Check, Refusal, SendFacts, failed
from agentpost_server.policies.governing import FoundPolicy
from agentpost_server.policies.model import GovernanceRules

_NAME = "governance"
_FIX = "Send from an inbox on one of the named domains, or name this one in sending_domains of the policy."


def weigh(found: list[tuple[FoundPolicy, GovernanceRules]], facts: SendFacts) -> tuple[list[Check], Refusal | None]:
    """Each policy that names domains must name the sender's."""
    checks: list[Check] = []
    refusal: Refusal | None = None
    for policy, rules in found:
        if not rules.sending_domains:
            continue
        message = f'The policy "{policy.name}" lets mail leave from {facts.domain}.'
        if facts.domain in rules.sending_domains:
            passed = failed(_NAME, message, "", policy_id=policy.id)
            checks.append(msgspec.structs.replace(passed, passed=True))
            continue
        message = f'The policy "{policy.name}" lets no mail leave from {facts.domain}.'
        checks.append(failed(_NAME, message, _FIX, policy_id=policy.id))
        refusal = refusal or Refusal(code="policy_rejected", detail=message, fix=_FIX)
    return checks, refusal
