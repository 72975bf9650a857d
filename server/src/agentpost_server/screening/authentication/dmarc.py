"""DMARC (RFC 7489): what the owner of the author's domain says about mail that nobody authenticates.

`pct=` is not followed: a policy for a part of the mail is a policy, and a result by chance explains nothing.
"""

from typing import Final, Literal

import msgspec

from agentpost_server.screening.authentication.alignment import organizational
from agentpost_server.screening.authentication.lookups import Lookups
from agentpost_server.screening.authentication.tags import read_tags

Policy = Literal["none", "quarantine", "reject"]
_POLICIES: Final[dict[str, Policy]] = {"none": "none", "quarantine": "quarantine", "reject": "reject"}


class DmarcRecord(msgspec.Struct, frozen=True):
    """`policy` is the one for the domain that was asked about: `sp=` where the record is of the domain above."""

    policy: Policy
    strict_dkim: bool = False
    strict_spf: bool = False


async def find_record(lookups: Lookups, author_domain: str) -> DmarcRecord | None:
    """RFC 7489 6.6.3. None: there is none, or more than one, which count as none. Raises ResolverError."""
    found = [text for text in await lookups.txt(f"_dmarc.{author_domain}") if _is_dmarc(text)]
    above = organizational(author_domain)
    if not found and above != author_domain:
        found = [text for text in await lookups.txt(f"_dmarc.{above}") if _is_dmarc(text)]
        return _record(found[0], subdomain=True) if len(found) == 1 else None
    return _record(found[0], subdomain=False) if len(found) == 1 else None


def _is_dmarc(text: bytes) -> bool:
    name, equals, version = text.partition(b";")[0].partition(b"=")
    return bool(equals) and name.strip(b" \t") == b"v" and version.strip(b" \t") == b"DMARC1"


def _record(text: bytes, *, subdomain: bool) -> DmarcRecord | None:
    tags = read_tags(text)
    if tags is None:
        return None
    policy = _POLICIES.get(tags.get("p", "").lower())
    below = _POLICIES.get(tags["sp"].lower()) if "sp" in tags else policy
    wanted = below if subdomain else policy
    if policy is None or (subdomain and below is None):
        # An owner who at least asks for reports is taken to watch (6.6.3, 6).
        if not tags.get("rua"):
            return None
        wanted = "none"
    return DmarcRecord(
        wanted or "none",
        strict_dkim=tags.get("adkim", "r").lower() == "s",
        strict_spf=tags.get("aspf", "r").lower() == "s",
    )
