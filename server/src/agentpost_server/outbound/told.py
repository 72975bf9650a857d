"""What a provider tells of mail that we gave it, whatever its own words for that are: the decoders' one result.

`tag` is what `OutgoingEnvelope.tag` was: our own signed name of the attempt. A provider's id or a Message-ID is only a
second way to the same attempt, within the organization that it belongs to.
"""

from datetime import datetime
from typing import Literal

import msgspec

from agentpost_server.outbound.feedback import Feedback


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One report about one call. `told` may be empty: a `Send` event that only brings `wire_message_id`.

    `opened_at` is set for an open. `source` is the transport's name.
    """

    source: Literal["ses", "sendgrid", "postmark", "mailgun"]
    tag: str | None = None
    provider_id: str | None = None
    wire_message_id: str | None = None
    told: tuple[Feedback, ...] = ()
    opened_at: datetime | None = None
