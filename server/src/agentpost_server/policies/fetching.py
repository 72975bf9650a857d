"""Files by `url`: the server asks their host for them, so the host learns what the address says. It is reached as a
recipient is, at once, before any mail is written: where it matters whom an inbox reaches, only named hosts are asked.

A hold would come too late, so what is not allowed is refused. Whether the agent said what a send is based on plays no
part: nobody can check that.
"""

from collections.abc import Sequence
from uuid import UUID

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.policies import canaries, flow, store
from agentpost_server.policies.facts import Check, Decision, Refusal, Text, failed
from agentpost_server.policies.filtering import Ruling, candidates, rule_on
from agentpost_server.policies.flow import Strict
from agentpost_server.policies.governing import Governing, read_governing
from agentpost_server.policies.model import FlowRules
from agentpost_server.policies.refuse import refuse

_NAME = "url_hosts"


def weigh(governing: Governing, rules: Strict, hosts: Sequence[str]) -> tuple[list[Check], Refusal | None]:
    """Held against the rules for `send`, for answers too: a host is no part of a conversation."""
    for host in hosts:
        if (check := _judged(governing, rules, host)) is not None:
            return [check], Refusal(code="policy_rejected", detail=check.message, fix=check.fix)
    return [], None


async def refuse_fetching(tx: Tx, tenant: Scope, inbox_id: UUID, urls: Sequence[Text], hosts: Sequence[str]) -> None:
    """What a send would be refused for, asked where files are fetched without one: a draft. Raises the same."""
    values = candidates(f"anybody@{host}" for host in hosts)
    governing = read_governing(await store.governing(tx, tenant, inbox_id, None, ["send"], values))
    rules = flow.strict(governing.of(FlowRules))
    _, refusal = weigh(governing, rules, hosts)
    planted = canaries.look_through(rules.canaries, urls)
    refusal = refusal or (canaries.refusal(planted) if planted is not None else None)
    refuse(Decision(outcome="reject" if refusal else "send", refusal=refusal))


def _judged(governing: Governing, rules: Strict, host: str) -> Check | None:
    send = [one for one in governing.rules if one.direction == "send"]
    ruling = rule_on(f"anybody@{host}", send, governing.lists.get("send"))
    if not ruling.allowed:
        return _failed(host, _word(ruling), rule_id=ruling.rule_id)
    if ruling.rule_id is not None:
        return None
    if rules.first_contact[0] != "allow":
        return _failed(host, "no filter rule names it, and this inbox has no first contacts", rules.first_contact[1])
    if rules.taint[0] != "off":
        return _failed(host, "no filter rule names it, and mail from outside may have", rules.taint[1])
    return None


def _word(ruling: Ruling) -> str:
    rule = ids.encode_or_none("rul", ruling.rule_id)
    return f"it is not on the list of the filter rule {rule}" if ruling.by_list else f"the filter rule {rule} blocks it"


def _failed(host: str, why: str, policy_id: UUID | None = None, rule_id: UUID | None = None) -> Check:
    message = f"{host or 'The host of a url'} may not be asked for a file: {why}."
    fix = "Send the bytes (content, key), or allow its domain by a filter rule: POST /filter-rules."
    return failed(_NAME, message, fix, policy_id=policy_id, rule_id=rule_id)
