"""What is told of a mail after it was handed over: by a provider, or by a report that came as mail.

Matched by our own names only: the transmission of a VERP address whose MAC was checked. A Message-ID in a report is
a stranger's claim and matches nothing.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from agentpost_server.db import Tx
from agentpost_server.mail.address import canonical
from agentpost_server.mail.parsed import ComplaintReport, DeliveryReport, ReportedRecipient
from agentpost_server.outbound import states
from agentpost_server.outbound.change import Change, Key
from agentpost_server.outbound.store import states as store
from agentpost_server.outbound.told import BounceType, Feedback


async def apply(tx: Tx, organization_id: UUID, transmission_id: UUID, told: Sequence[Feedback]) -> UUID | None:
    """Move the transmission's recipients by the forward-only table. Answers its message, or None when there is none.

    Repeated, late or reordered feedback never undoes anything; a recipient that was never ours moves nothing.
    """
    transmission = await store.find_transmission(tx, organization_id, transmission_id)
    if transmission is None:
        return None
    key = (organization_id, transmission["message_id"])
    held = await states.hold(tx, [key])
    rows = await store.recipients_of(tx, [key])
    mine = {canonical(row["email"]): row["email"] for row in rows if row["transmission_id"] == transmission_id}
    changes = [
        _change(key, email, one, transmission["transport"]) for one in told for email in _meant(mine, one.recipient)
    ]
    await states.apply(tx, held, changes)
    return transmission["message_id"]


async def apply_report(
    tx: Tx, organization_id: UUID, transmission_id: UUID, report: DeliveryReport | ComplaintReport
) -> UUID | None:
    """Act on a report that came to the VERP address of a transmission. Answers the message that it is about."""
    told = _complaints(report) if isinstance(report, ComplaintReport) else _deliveries(report)
    return await apply(tx, organization_id, transmission_id, told)


def _complaints(report: ComplaintReport) -> list[Feedback]:
    # "not-spam" takes a complaint back (RFC 6430): it is no complaint.
    if report.feedback_type == "not-spam":
        return []
    one = Feedback(kind="complained", feedback_type=report.feedback_type, detail=f"Complaint: {report.feedback_type}")
    named = [msgspec.structs.replace(one, recipient=email) for email in report.original_recipients]
    return named or [one]


def _deliveries(report: DeliveryReport) -> list[Feedback]:
    """`relayed`, `expanded` and `delayed` end nothing (RFC 3464 2.3.3): the recipient stays as it is."""
    told: list[Feedback] = []
    for one in report.recipients:
        if one.action not in ("failed", "delivered"):
            continue
        for email in (one.original_recipient, one.final_recipient):
            if email is not None:
                told.append(_delivery(one, email))
                break
    return told


def _delivery(one: ReportedRecipient, email: str) -> Feedback:
    return Feedback(
        kind="bounced" if one.action == "failed" else "delivered",
        recipient=email,
        bounce_type=_bounce_type(one) if one.action == "failed" else None,
        smtp_code=one.smtp_code,
        enhanced_code=one.status,
        detail=(one.diagnostic_code or one.status or "")[:500] or None,
    )


def _bounce_type(one: ReportedRecipient) -> BounceType:
    leading = (one.status or str(one.smtp_code or ""))[:1]
    return "permanent" if leading == "5" else "transient" if leading == "4" else "undetermined"


def _meant(mine: dict[str, str], recipient: str | None) -> list[str]:
    """The stored recipients that a report means. Who forwards mail is reported under the address it went on to: where
    the transmission had one recipient only, that one is meant."""
    if recipient is None:
        return list(mine.values())
    if (exact := mine.get(canonical(recipient))) is not None:
        return [exact]
    return list(mine.values()) if len(mine) == 1 else []


def _change(key: Key, email: str, one: Feedback, transport: str) -> Change:
    return Change(
        organization_id=key[0],
        message_id=key[1],
        email=email,
        status=one.kind,
        transport=transport,
        bounce_type=one.bounce_type,
        smtp_code=one.smtp_code,
        enhanced_code=one.enhanced_code,
        detail=one.detail,
        feedback_type=one.feedback_type,
    )
