"""DKIM of an arriving mail (RFC 6376, 8301, 8463): which domains vouch for it as it is.

Of our own on `cryptography`: dkimpy reads a mail by regular expressions over the whole of it, again for each signature,
and holds the interpreter's lock meanwhile (0.7 s at 10 MB), so that no thread and no budget can bound it.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from agentpost_server.mail.authentication import CheckResult
from agentpost_server.screening.authentication.fields import SignedMail
from agentpost_server.screening.authentication.keys import find_key
from agentpost_server.screening.authentication.lookups import Lookups
from agentpost_server.screening.authentication.signatures import (
    Bodies,
    Signature,
    is_expired,
    read_signature,
    verifies,
)

SIGNATURES: Final = 10
# The best says what the mail's result is: one good signature is enough, whatever stands beside it (RFC 6376 6.1).
_BEST_FIRST: Final[tuple[CheckResult, ...]] = ("pass", "temperror", "fail", "permerror", "none")


class Outcome(msgspec.Struct, frozen=True):
    """What became of one signature. `partial`: it was not checked, because it signs only a beginning of the body."""

    result: CheckResult
    domain: str = ""
    partial: bool = False


async def check_dkim(
    lookups: Lookups, mail: SignedMail, bodies: Bodies, *, at: datetime, in_thread: bool
) -> list[Outcome]:
    """An outcome for each of the first ten signatures; none is `pass` that does not hold for the whole mail."""
    fields = [field for field in mail.fields if field.name == b"dkim-signature"][:SIGNATURES]
    if not mail.is_bounded:
        return [Outcome("permerror")] if fields else []
    signatures = [read_signature(field) for field in fields]
    # One signed From says nothing of the other that a reader may be shown (RFC 6376 8.15).
    single_from = sum(field.name == b"from" for field in mail.fields) == 1
    return await asyncio.gather(
        *[
            _checked(lookups, mail, bodies, one, at, in_thread)
            if one is not None and single_from
            else _settled(Outcome("permerror"))
            for one in signatures
        ]
    )


async def _settled(outcome: Outcome) -> Outcome:
    return outcome


async def _checked(
    lookups: Lookups, mail: SignedMail, bodies: Bodies, signature: Signature, at: datetime, in_thread: bool
) -> Outcome:
    domain = signature.signer.domain
    if signature.partial:
        return Outcome("permerror", domain, partial=True)
    if is_expired(signature, at):
        return Outcome("fail", domain)
    key = await find_key(lookups, signature.signer)
    if isinstance(key, str):
        return Outcome(key, domain)
    if in_thread:
        good = await asyncio.to_thread(verifies, mail, bodies, signature, key)
    else:
        good = verifies(mail, bodies, signature, key)
    # Mail of a signer who is testing counts as unsigned (RFC 6376 3.6.1).
    return Outcome("none" if key.testing else "pass" if good else "fail", domain)


def summary(outcomes: Sequence[Outcome]) -> CheckResult:
    found = {one.result for one in outcomes}
    for result in _BEST_FIRST:
        if result in found:
            return result
    return "none"
