"""What providers tell, brought home: from reports of any tenants' calls to the transactions that act on them.

Matched by our signed tag first, else by the id that the provider gave to exactly one call. What names neither moves
nothing, whatever else it says, and is only logged: a count, never whom it is about.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from agentpost_server.mail.parsed import ComplaintReport, DeliveryReport
from agentpost_server.messages.threading import fingerprint
from agentpost_server.outbound import feedback, tags
from agentpost_server.outbound.feedback import About
from agentpost_server.outbound.store import feedback as store
from agentpost_server.outbound.store import transmissions
from agentpost_server.outbound.store.feedback import Call
from agentpost_server.outbound.told import Told
from agentpost_server.runtime import Runtime

log = structlog.get_logger("feedback")
_AT_ONCE: Final = 200
_RELAYS: Final = frozenset(("ses", "sendgrid"))


async def apply(runtime: Runtime, told: Sequence[Told]) -> int:
    """Act on reports, a few hundred a transaction. Answers how many were about calls of ours.

    Idempotent, so whoever brings reports may bring them again. Raises Unavailable when the database is not there.
    """
    return sum([await _apply(runtime, told[start : start + _AT_ONCE]) for start in range(0, len(told), _AT_ONCE)])


async def apply_traced(
    runtime: Runtime, message_id: UUID, inbox_id: UUID, report: DeliveryReport | ComplaintReport
) -> bool:
    """Act on a report that came as mail to no bounce address, about the message that our own header in it names."""
    organization_id = await store.route_inbox(runtime.database, inbox_id)
    if organization_id is None:
        return False
    async with runtime.database.work({organization_id}) as tx:
        about = About(organization_id=organization_id, message_id=message_id)
        return bool(await feedback.move(tx, [(about, feedback.of_report(report))]))


async def _apply(runtime: Runtime, told: Sequence[Told]) -> int:
    found = await _find(runtime, told)
    if strange := Counter(one.source for one, call in zip(told, found, strict=True) if call is None):
        log.warning("feedback that names no call of ours", **strange)
    ours = [(one, call) for one, call in zip(told, found, strict=True) if call is not None]
    if not ours:
        return 0
    async with runtime.database.work({organization_id for _, (organization_id, _) in ours}) as tx:
        rows = await store.find_calls(tx, [call for _, call in ours])
        known = [(one, row) for one, call in ours if (row := rows.get(call)) is not None]
        reports = [
            (
                About(
                    organization_id=row["organization_id"],
                    message_id=row["message_id"],
                    transmission_id=row["transmission_id"],
                    transport=row["transport"],
                ),
                one.told,
            )
            for one, row in known
        ]
        await feedback.move(tx, reports)
        wire = {
            (row["organization_id"], row["message_id"], one.wire_message_id, fingerprint(one.wire_message_id))
            for one, row in known
            if one.wire_message_id is not None
        }
        if wire:
            await transmissions.add_wire_ids(tx, list(wire))
    return len(known)


async def _find(runtime: Runtime, told: Sequence[Told]) -> list[Call | None]:
    """Each report's call: one look-up for all tags, one for all providers' ids that are needed."""
    attempts = [tags.read(runtime.keyring, one.tag) if one.tag else None for one in told]
    named = {one for one in attempts if one is not None}
    by_tag = await store.route_attempts(runtime.database, named) if named else {}
    # A tag that is not ours is no reason to believe the rest.
    wanted = {name for one in told for name in _names(one)}
    by_provider = await store.route_provider_ids(runtime.database, wanted) if wanted else {}
    return [
        by_tag.get(attempt)
        if attempt is not None
        else next((call for name in _names(one) if (call := by_provider.get(name)) is not None), None)
        for one, attempt in zip(told, attempts, strict=True)
    ]


def _names(one: Told) -> list[tuple[str, str]]:
    """(transport, id) by which a report without a tag may name a call: the API's, or that of the provider's relay,
    which says the same id in its last answer and carries no tag."""
    if one.tag is not None or one.provider_id is None:
        return []
    return [(one.source, one.provider_id), *([("smtp", one.provider_id)] if one.source in _RELAYS else [])]
