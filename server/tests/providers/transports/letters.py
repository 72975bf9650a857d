"""What the tests of transports send: composed mails, envelopes, and what arrived of them."""

import email
import email.policy
from collections.abc import Iterable
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import msgspec

from agentpost_server.mail.compose import OutgoingMail, compose
from agentpost_server.mail.model import Address
from agentpost_server.ports.transport import OutgoingEnvelope, Receipt

TAG = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"
OWN_ID = "<0123456789abcdef0123456789abcdef@example.com>"
SENDER = Address(email="ann@example.com", name="Ann Agent")


class Handed(msgspec.Struct, frozen=True):
    """One mail as the provider would deliver it: to whom, what they see, and our tag as its events give it back."""

    recipients: list[str]
    wire: bytes
    tag: str | None = None

    @property
    def mail(self) -> EmailMessage:
        return email.message_from_bytes(self.wire, policy=email.policy.default)  # pyright: ignore[reportReturnType]


def people(*emails: str) -> tuple[Address, ...]:
    return tuple(Address(email=one) for one in emails)


def letter(**fields: Any) -> bytes:
    known: dict[str, Any] = {
        "from_address": SENDER,
        "to": people("bob@one.example"),
        "subject": "Hello",
        "message_id": OWN_ID,
        "date": datetime(2026, 3, 1, tzinfo=UTC),
        "text_body": "Hi Bob.\n",
    }
    return compose(OutgoingMail(**(known | fields)))


def envelope(*recipients: str, **fields: Any) -> OutgoingEnvelope:
    known: dict[str, Any] = {
        "mail_from": "bounces+x@agentpost.example",
        "attempt_id": "00000000-0000-0000-0000-000000000000",
        "tag": TAG,
        "organization_id": "00000000-0000-0000-0000-000000000000",
        "environment_id": "00000000-0000-0000-0000-000000000000",
    }
    return OutgoingEnvelope(recipients=recipients or ("bob@one.example",), **(known | fields))


def statuses(receipt: Receipt) -> set[str]:
    return {one.status for one in receipt.outcomes.values()}


def faults(receipt: Receipt) -> set[bool]:
    return {one.transport_fault for one in receipt.outcomes.values()}


def everybody(handed: Iterable[Handed]) -> list[str]:
    return sorted(email for one in handed for email in one.recipients)
