"""What the checks of a mail's origin said (RFC 7208, 6376, 7489, 8617), in the words of RFC 8601."""

from typing import Literal

import msgspec

SpfResult = Literal["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"]
CheckResult = Literal["pass", "fail", "none", "temperror", "permerror"]
Trust = Literal["verified", "unverified", "failed"]
DmarcPolicy = Literal["none", "quarantine", "reject"]


class Authentication(msgspec.Struct, frozen=True, kw_only=True):
    """`aligned_domain`: the From domain, when DMARC or an aligned DKIM signature vouches for it. `checked_by`:
    `agentpost` for our own checks, a provider's name (`ses`…) for the verdict that it signed; null: nobody checked.

    `author_domain` is From's, null where From is not exactly one mailbox. `dkim_domain`: whose signature passed.
    `policy`: what that domain asks to be done with mail that fails DMARC; null: it has no record. `arc_sealer`: the
    listed sealer whose word stands in for a DMARC that fails here. `aligned_by` says what is the author's own;
    `dkim_partial` that the only signature of the author's signs a part of the body (`l=`), and so counts for nothing.
    """

    spf: SpfResult = "none"
    dkim: CheckResult = "none"
    dmarc: CheckResult = "none"
    arc: Literal["pass", "fail", "none"] = "none"
    aligned_domain: str | None = None
    checked_by: str | None = None
    author_domain: str | None = None
    dkim_domain: str | None = None
    policy: DmarcPolicy | None = None
    arc_sealer: str | None = None
    aligned_by: tuple[Literal["spf", "dkim"], ...] = ()
    dkim_partial: bool = False


UNCHECKED = Authentication()
