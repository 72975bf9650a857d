"""Mail that filter rules block: kept, with a label, and told as blocked (SPEC 10)."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from agentpost_server.db import Tx
from agentpost_server.inbound.reading import ReadMail
from agentpost_server.mail.address import canonical
from agentpost_server.policies import Arriving, receive


async def filtered(tx: Tx, read: Sequence[ReadMail]) -> tuple[list[ReadMail], dict[UUID, UUID]]:
    """The mails, those that are blocked with the label, and by which rule each of these is. What is blocked is not held
    as well: nobody is asked to look at it."""
    rulings = await receive(tx, [_arriving(one) for one in read]) if read else []
    kept: list[ReadMail] = []
    rule_ids: dict[UUID, UUID] = {}
    for one, ruling in zip(read, rulings, strict=True):
        if ruling.allowed or ruling.rule_id is None:
            kept.append(one)
            continue
        rule_ids[one.mail.claim.id] = ruling.rule_id
        labels = tuple(dict.fromkeys((*(label for label in one.message.labels if label != "held"), "blocked")))
        message = msgspec.structs.replace(one.message, status="received", labels=labels)
        kept.append(msgspec.structs.replace(one, message=message))
    return kept, rule_ids


def _arriving(one: ReadMail) -> Arriving:
    message = one.message
    return Arriving(
        scope=one.mail.scope,
        inbox_id=one.mail.inbox_id,
        author=canonical(message.from_address.email),
        mail_from=canonical(one.mail.mail_from) if one.mail.mail_from else "",
        is_answer=one.transmission_id is not None or (one.traced is not None and one.traced[1] == one.mail.inbox_id),
        authentic=message.trust in ("internal", "verified") and "double_from" not in message.flags,
    )
