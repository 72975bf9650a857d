"""What is told of mail that was handed over, whatever a provider's own words for it are: what decoders make. Pure.

`tag` is what `OutgoingEnvelope.tag` was: our own signed name of the attempt. A provider's id is a second way to the
same attempt; a Message-ID is none, because a stranger may have written it.
"""

from datetime import datetime
from typing import Literal

import msgspec

BounceType = Literal["permanent", "transient", "undetermined"]
Source = Literal["ses", "sendgrid", "postmark", "mailgun"]
Kind = Literal[
    "sent", "delayed", "delivered", "bounced", "complained", "rejected", "suppressed", "opened", "unsubscribed"
]


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that became of one recipient. `recipient` in any spelling; None: everybody of that call.

    `delayed` ends nothing. `rejected`: the provider would not send it after all. `suppressed`: the address is on the
    provider's own list. `dead_address`: the provider's word for what an enhanced code such as 5.1.1 says.
    """

    kind: Kind
    recipient: str | None = None
    bounce_type: BounceType | None = None
    dead_address: bool = False
    smtp_code: int | None = None
    enhanced_code: str | None = None
    detail: str | None = None
    feedback_type: str | None = None
    at: datetime | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One report about one call. `told` may be empty: an event that only brings `wire_message_id`.

    `source` is the transport's name. `wire_message_id` is with its angle brackets.
    """

    source: Source
    tag: str | None = None
    provider_id: str | None = None
    wire_message_id: str | None = None
    told: tuple[Feedback, ...] = ()
