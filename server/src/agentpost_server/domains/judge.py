"""Whether what stands in the DNS is what was asked for. Tolerant where the DNS and its users are: case, split strings,
a last dot, spaces in keys, SPF with more in it, several MX hosts. Pure.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from agentpost_server.domains.records import Wanted

Values = list[str]
Question = tuple[str, str]
"""(type, name)."""
_MOST_FOUND: Final = 10
_LONGEST_FOUND: Final = 1000


class Verdict(msgspec.Struct, frozen=True):
    """Whether the record is there, and what was found that could be meant for it."""

    matches: bool
    found: list[str]


def judge(record: Wanted, values: Sequence[str]) -> Verdict:
    """`values` are the answers to the record's question: TXT strings joined, alias targets, or `preference host`."""
    match record.purpose:
        case "mx" | "mail_from":
            matches, meant = _mx(record, values)
        case "spf":
            meant = [one for one in values if _words(one)[:1] == ["v=spf1"]]
            matches = len(meant) == 1 and _lets_through(meant[0], record.accepted)
        case "dmarc":
            meant = [one for one in values if _tags(one).get("v") == "DMARC1"]
            matches = len(meant) == 1 and _tags(meant[0]).get("p", "").lower() in ("none", "quarantine", "reject")
        case "dkim" if record.type == "TXT":
            meant = list(values)
            matches = any(_is_same_key(one, record.value) for one in meant)
        case "ownership":
            meant = [one for one in values if one.strip().lower().startswith("agentpost-verification")]
            matches = any(_unspaced(one) == record.value for one in meant)
        case _:
            meant = list(values)
            matches = any(one.rstrip(".").lower() == record.value.rstrip(".").lower() for one in meant)
    return Verdict(matches, [_shown(one) for one in meant[:_MOST_FOUND]])


def _mx(record: Wanted, values: Sequence[str]) -> tuple[bool, list[str]]:
    """Ours must be among the first: mail goes to a host of a higher preference only when no better one answers."""
    hosts = [
        (int(preference), host.rstrip(".").lower()) for preference, _, host in (one.partition(" ") for one in values)
    ]
    best = min((preference for preference, _ in hosts), default=0)
    return (best, record.value.rstrip(".").lower()) in hosts, list(values)


def _lets_through(spf: str, mechanisms: tuple[str, ...]) -> bool:
    """One of the mechanisms stands, as a pass, before anything that ends the search (RFC 7208 4.6)."""
    for word in _words(spf)[1:]:
        if word.removeprefix("+") in {one.lower() for one in mechanisms}:
            return True
        if word.lstrip("+-~?") == "all":
            return word.lstrip("+") == "all"
    return False


def _is_same_key(found: str, asked: str) -> bool:
    """RFC 6376 3.6.1: the version may be left out and must stand first; the kind may be left out for RSA."""
    tags, wanted = _tags(found), _tags(asked)
    return (
        tags.get("v", "DKIM1") == "DKIM1"
        and tags.get("k", "rsa").lower() == wanted["k"]
        and _unspaced(tags.get("p", "")) == wanted["p"]
        and "sha256" in tags.get("h", "sha256").lower()
    )


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}


def _words(text: str) -> list[str]:
    return text.lower().split()


def _unspaced(text: str) -> str:
    return "".join(text.split()).strip('"')


def _shown(text: str) -> str:
    """As JSON and PostgreSQL can hold it: a stranger's name server may answer anything."""
    return text.replace("\x00", "\ufffd")[:_LONGEST_FOUND]
