"""Filter rules held against mail that comes in. An allow rule that requires authentication counts only where it is
proven who wrote: by an aligned pass of DMARC or DKIM, or because the mail never left this server (L-11)."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.policies import store_rules
from agentpost_server.policies.filtering import Ruling, candidates, rule_on
from agentpost_server.policies.governing import FoundRule, List

_rules = msgspec.json.Decoder(tuple[FoundRule, ...])


class Arriving(msgspec.Struct, frozen=True, kw_only=True):
    """A mail for one inbox; addresses are canonical. `mail_from` is empty for the null sender. `is_answer`: it reports
    about a mail of ours, by our own signature in it or an address that only that mail had."""

    scope: Scope
    inbox_id: UUID
    author: str
    mail_from: str
    authentic: bool
    is_answer: bool = False


async def receive(tx: Tx, arriving: Sequence[Arriving]) -> list[Ruling]:
    """What the rules say of each, in one statement for all."""
    rulings = [Ruling(allowed=True)] * len(arriving)
    rows = await store_rules.receiving(
        tx,
        [
            (one.scope.organization_id, one.scope.environment_id, one.inbox_id, candidates(_names(one)))
            for one in arriving
        ],
    )
    for row in rows:
        number: int = row["number"] - 1
        rules = _rules.decode(row["rules"]) if row["rules"] else ()
        rulings[number] = rule_mail(arriving[number], rules, row["rule_id"], wants_proof=bool(row["wants_proof"]))
    return rulings


def _names(one: Arriving) -> list[str]:
    return [one.author, one.mail_from] if one.mail_from else [one.author]


def rule_mail(one: Arriving, rules: Sequence[FoundRule], list_id: UUID | None, *, wants_proof: bool = False) -> Ruling:
    """Whom the author's name lets in, a block on the envelope's sender keeps out. A report has no sender, and a list
    of the allowed does not shut it out. Anybody may send without a sender: a list of those alone who prove who they
    are (`wants_proof`) takes only reports about mail of ours."""
    listed = List(direction="receive", rule_id=list_id, has_rules=True)
    ruling = rule_on(one.author, rules, listed, authentic=one.authentic)
    if not ruling.allowed:
        is_exempt = ruling.by_list and not one.mail_from and (one.is_answer or not wants_proof)
        return Ruling(allowed=True) if is_exempt else ruling
    if one.mail_from and one.mail_from != one.author:
        blocks = [rule for rule in rules if rule.action == "block"]
        by_envelope = rule_on(one.mail_from, blocks, None)
        return ruling if by_envelope.allowed else by_envelope
    return ruling
