"""What is told of a mail after it was handed over: by a provider, or by a report that came as mail.

Matched by our own names only: the transmission of a VERP address, the attempt of a tag, the message of a trace header,
each with a MAC that was checked. A Message-ID in a report is a stranger's claim and matches nothing.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.db import Tx
from agentpost_server.mail.address import canonical
from agentpost_server.mail.parsed import ComplaintReport, DeliveryReport, ReportedRecipient
from agentpost_server.outbound import remarks, states
from agentpost_server.outbound.change import Change, Key
from agentpost_server.outbound.remarks import Remark
from agentpost_server.outbound.states import Held
from agentpost_server.outbound.store import states as store
from agentpost_server.outbound.told import BounceType, Feedback

# A delay, too, proves that the provider had taken the mail: nobody need wonder any longer.
_STATUS_OF: Final = {
    "sent": "sent",
    "delayed": "sent",
    "delivered": "delivered",
    "bounced": "bounced",
    "complained": "complained",
    "rejected": "rejected",
    "suppressed": "suppressed",
}


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is about: a call, or, without `transmission_id`, a message and whom of it the report names."""

    organization_id: UUID
    message_id: UUID
    transmission_id: UUID | None = None
    transport: str | None = None

    @property
    def key(self) -> Key:
        return self.organization_id, self.message_id


async def move(tx: Tx, reports: Sequence[tuple[About, Sequence[Feedback]]]) -> set[Key]:
    """Move recipients by the forward-only table. Answers the messages that are there.

    Repeated, late or reordered feedback never undoes anything; a recipient that was never ours moves nothing.
    """
    held = await states.hold(tx, [about.key for about, _ in reports])
    changes: list[Change] = []
    noted: list[Remark] = []
    for about, told in reports:
        if (message := held.get(about.key)) is None:
            continue
        mine = _recipients(message, about)
        for one in told:
            meant = _meant(mine, one.recipient, whole=about.transmission_id is not None)
            if one.kind in _STATUS_OF:
                changes.extend(_change(about, email, one) for email in meant)
            noted.extend(_remarks(about, meant, one))
    await states.apply(tx, held, changes)
    if noted:
        await remarks.write(tx, held, noted)
    return set(held)


async def apply(tx: Tx, organization_id: UUID, transmission_id: UUID, told: Sequence[Feedback]) -> UUID | None:
    """The same for one transmission. Answers its message, or None when there is none."""
    transmission = await store.find_transmission(tx, organization_id, transmission_id)
    if transmission is None:
        return None
    about = About(
        organization_id=organization_id,
        message_id=transmission["message_id"],
        transmission_id=transmission_id,
        transport=transmission["transport"],
    )
    await move(tx, [(about, told)])
    return about.message_id


async def apply_report(
    tx: Tx, organization_id: UUID, transmission_id: UUID, report: DeliveryReport | ComplaintReport
) -> UUID | None:
    """Act on a report that came to the VERP address of a transmission. Answers the message that it is about."""
    return await apply(tx, organization_id, transmission_id, of_report(report))


def of_report(report: DeliveryReport | ComplaintReport) -> list[Feedback]:
    """What a report that came as mail tells."""
    return _complaints(report) if isinstance(report, ComplaintReport) else _deliveries(report)


def _complaints(report: ComplaintReport) -> list[Feedback]:
    # "not-spam" takes a complaint back (RFC 6430): it is no complaint.
    if report.feedback_type == "not-spam":
        return []
    one = Feedback(kind="complained", feedback_type=report.feedback_type, detail=f"Complaint: {report.feedback_type}")
    named = [msgspec.structs.replace(one, recipient=email) for email in report.original_recipients]
    return named or [one]


def _deliveries(report: DeliveryReport) -> list[Feedback]:
    """`relayed` and `expanded` end nothing and are no delay (RFC 3464 2.3.3): the recipient stays as it is."""
    told: list[Feedback] = []
    for one in report.recipients:
        if one.action not in ("failed", "delivered", "delayed"):
            continue
        for email in (one.original_recipient, one.final_recipient):
            if email is not None:
                told.append(_delivery(one, email))
                break
    return told


def _delivery(one: ReportedRecipient, email: str) -> Feedback:
    return Feedback(
        kind="bounced" if one.action == "failed" else "delayed" if one.action == "delayed" else "delivered",
        recipient=email,
        bounce_type=_bounce_type(one) if one.action == "failed" else None,
        smtp_code=one.smtp_code,
        enhanced_code=one.status,
        detail=(one.diagnostic_code or one.status or "")[:500] or None,
    )


def _bounce_type(one: ReportedRecipient) -> BounceType:
    leading = (one.status or str(one.smtp_code or ""))[:1]
    return "permanent" if leading == "5" else "transient" if leading == "4" else "undetermined"


def _recipients(message: Held, about: About) -> dict[str, str]:
    """Those whom the report can be about, as stored, by their canonical address."""
    return {
        canonical(email): email
        for email, call in message.calls.items()
        if call is not None and about.transmission_id in (None, call)
    }


def _meant(mine: dict[str, str], recipient: str | None, *, whole: bool) -> list[str]:
    """The stored recipients that a report means. Who forwards mail is reported under the address it went on to: where
    there was one recipient only, that one is meant. `whole`: who names nobody means everybody."""
    if recipient is not None and (exact := mine.get(canonical(recipient))) is not None:
        return [exact]
    if recipient is None and whole:
        return list(mine.values())
    return list(mine.values()) if len(mine) == 1 else []


def _change(about: About, email: str, one: Feedback) -> Change:
    return Change(
        organization_id=about.organization_id,
        message_id=about.message_id,
        email=email,
        status=_STATUS_OF[one.kind],
        transport=about.transport,
        bounce_type=one.bounce_type,
        dead_address=one.dead_address,
        smtp_code=one.smtp_code if one.kind != "delayed" else None,
        enhanced_code=one.enhanced_code if one.kind != "delayed" else None,
        detail=one.detail if one.kind != "delayed" else None,
        feedback_type=one.feedback_type,
    )


def _remarks(about: About, meant: Sequence[str], one: Feedback) -> list[Remark]:
    if one.kind == "opened":
        whom = meant[0] if len(meant) == 1 else None
        return [Remark(key=about.key, kind="opened", email=whom, transport=about.transport, said=one)]
    if one.kind not in ("delayed", "unsubscribed"):
        return []
    return [Remark(key=about.key, kind=one.kind, email=email, transport=about.transport, said=one) for email in meant]
