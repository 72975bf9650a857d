"""What is found in a mail (SPEC 22): a code to type, or a link to follow."""

from typing import Literal

import msgspec

Kind = Literal["otp", "link"]
Purpose = Literal["sign_in", "verify", "reset", "other"]
Where = Literal["text_body", "html_body", "subject"]


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """`value` is exactly what is to be typed or opened. `domain`: a link's, as registered (`example.co.uk`)."""

    kind: Kind
    value: str
    confidence: float
    purpose: Purpose
    where: Where
    domain: str | None = None
