"""Sending mail out: one call of a provider, and what is known about each recipient afterwards.

The contract every transport keeps: `send` never raises for anything the network or the provider did. Whatever it
cannot prove was refused is `unknown`, because a wrong "not accepted" sends a mail twice. It never retries by itself.
"""

from typing import Final, Literal, Protocol

import msgspec

TAG_NAME: Final = "agentpost_attempt"
"""Under which providers carry `OutgoingEnvelope.tag`: as a tag, a custom argument, metadata or a variable."""

OutcomeStatus = Literal["accepted", "delivered", "captured", "deferred", "refused", "suppressed", "unknown"]


class OutgoingEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """The SMTP envelope of one call (RFC 5321 2.3.1) and the names feedback is matched by.

    `tag` is our signed name of the attempt, of [a-z2-7] and 52 characters: providers that carry a tag give it back.
    """

    mail_from: str
    recipients: tuple[str, ...]
    attempt_id: str
    tag: str = ""
    organization_id: str
    environment_id: str
    smtputf8: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one recipient. `deferred` = surely not accepted, try again; `refused` = surely not, and never will
    be; `suppressed` = never tried, the address is on the provider's own list.

    `transport_fault`: surely not accepted, and for no fault of this mail or its receiver (the transport could not be
    reached, throttles, lost its credentials): another transport may take it."""

    status: OutcomeStatus
    transport_fault: bool = False
    smtp_code: int | None = None
    enhanced_code: str | None = None
    detail: str | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one call: an outcome for every recipient of the envelope, by address."""

    outcomes: dict[str, Outcome]
    provider_id: str | None = None
    wire_message_id: str | None = None


class TransportLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one call may carry. `max_recipients` is per call; `max_octets` is of the composed MIME.

    `smtputf8`: local parts that are not ASCII can go (RFC 6531). `signs_dkim`: the transport adds a signature of the
    From domain itself, so that we must not. `own_return_path`: our envelope sender is what receivers see, and their
    reports come to us. `writes_recipients`: the provider writes To and Cc itself, out of the recipients of the call, so
    that a call should hold all of a mail's recipients."""

    max_recipients: int
    max_octets: int
    smtputf8: bool = False
    signs_dkim: bool = False
    own_return_path: bool = True
    writes_recipients: bool = False


class MailTransport(Protocol):
    """Hands composed mail to the world. `raw` has CRLF line ends and is sent unchanged but for dot-stuffing."""

    @property
    def name(self) -> str: ...

    @property
    def limits(self) -> TransportLimits: ...

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt: ...

    async def close(self) -> None: ...


def all_recipients(envelope: OutgoingEnvelope, outcome: Outcome, *, provider_id: str | None = None) -> Receipt:
    """The receipt in which every recipient had the same end."""
    return Receipt(outcomes=dict.fromkeys(envelope.recipients, outcome), provider_id=provider_id)
