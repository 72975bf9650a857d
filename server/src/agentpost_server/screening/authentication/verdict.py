"""What the results mean for a message: how far its author is to be believed, and what is said about it (SPEC 7, 22)."""

from collections.abc import Collection

from agentpost_server.mail.address import canonical, without_tag
from agentpost_server.mail.authentication import Authentication, Trust


def trust_of(result: Authentication, *, suspect: bool) -> Trust:
    """`verified`: an aligned DMARC or DKIM pass. `failed`: a check said no, or From is not one author. A listed
    sealer's word, and mail that looks replayed, come to neither."""
    if result.aligned_domain is not None:
        return "unverified" if suspect else "verified"
    if result.arc_sealer is not None:
        return "unverified"
    if "fail" in (result.dmarc, result.dkim, result.spf) or result.dmarc == "permerror":
        return "failed"
    return "unverified"


def is_unauthenticated(result: Authentication) -> bool:
    """Whether it was checked and nobody vouches for its author, not even by SPF alone; what was not learnt is no no."""
    if result.checked_by is None or result.arc_sealer is not None:
        return False
    if fails_dmarc(result):
        return True
    open_questions = "temperror" in (result.spf, result.dkim, result.dmarc)
    return result.aligned_domain is None and not result.aligned_by and not open_questions


def fails_dmarc(result: Authentication) -> bool:
    """With From that is not exactly one mailbox, which no DMARC can pass (RFC 7489 6.6.1)."""
    return result.dmarc in ("fail", "permerror") and result.arc_sealer is None


def looks_replayed(result: Authentication, recipients: Collection[str], named: Collection[str]) -> bool:
    """Whether a genuine mail may have been sent on to somebody whom its author never wrote to (L-12).

    Only a signature vouches for the author, the envelope is not the author's, and none of its `recipients` here is
    `named` in To or Cc. So does a blind copy that was forwarded look, and a list's mail: it is a suspicion, no finding.
    A signature over a part of the body is the same: what it vouches for may stand in front of anything.
    """
    if result.dkim_partial:
        return True
    if "dkim" not in result.aligned_by or "spf" in result.aligned_by:
        return False
    known = {canonical(without_tag(one)) for one in named}
    return not any(canonical(without_tag(one)) in known for one in recipients)
