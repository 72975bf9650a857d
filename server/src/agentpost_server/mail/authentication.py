"""What the checks of a mail's origin said (RFC 7208, 6376, 7489, 8617), in the words of RFC 8601."""

from typing import Literal

import msgspec

SpfResult = Literal["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"]
CheckResult = Literal["pass", "fail", "none", "temperror", "permerror"]
Trust = Literal["verified", "unverified", "failed"]


class Authentication(msgspec.Struct, frozen=True, kw_only=True):
    """`aligned_domain`: the From domain, when DMARC or an aligned DKIM signature vouches for it. `checked_by`:
    `agentpost` for our own checks, a provider's name (`ses`…) for the verdict that it signed; null: nobody checked."""

    spf: SpfResult = "none"
    dkim: CheckResult = "none"
    dmarc: CheckResult = "none"
    arc: Literal["pass", "fail", "none"] = "none"
    aligned_domain: str | None = None
    checked_by: str | None = None


UNCHECKED = Authentication()
