"""What a mail claims to be: signs that its names, domains and links are not what they show."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from agentpost_server.mail.homograph import to_unicode
from agentpost_server.mail.parsed import ParsedMail
from agentpost_server.mail.suffixes import registered
from agentpost_server.screening.injection.model import Where
from agentpost_server.screening.sites import domain_of

_SPAM: Final = {
    "from_name_deceives": "sender_claims",
    "mixed_script": "look_alike",
    "link_mixed_script": "look_alike",
    "link_deceives": "link_deceives",
    "link_with_user": "link_deceives",
    "dmarc_fail": "forged",
}
_WHERES: Final[dict[str, Where]] = {
    "sender_claims": "sender", "look_alike": "sender", "forged": "sender", "link_deceives": "html_body"
}  # fmt: skip
_DRAWN: Final = (
    ("rn", "m"),
    ("vv", "w"),
    ("0", "o"),
    ("1", "l"),
    ("i", "l"),
    ("3", "e"),
    ("5", "s"),
    ("8", "b"),
)
_LEAST: Final = 4


def claims(
    parsed: ParsedMail, spam_factors: Iterable[str], authentication: dict[str, object]
) -> Iterator[tuple[str, Where]]:
    told = [_SPAM[name] for name in spam_factors if name in _SPAM]
    if authentication.get("dmarc") == "fail" and not authentication.get("arc_sealer"):
        told.append("forged")
    if _looks_like_another(parsed):
        told.append("look_alike")
    for name in dict.fromkeys(told):
        yield name, _WHERES[name]


def _looks_like_another(parsed: ParsedMail) -> bool:
    """Whether the author's domain is spelt almost as a recipient's, or as the one that its name shows."""
    own = _owner(domain_of(parsed.from_address))
    if own is None:
        return False
    shown = re.findall(r"[\w-]+(?:\.[\w-]+)+|\w{4,}", (parsed.from_address.name or "") if parsed.from_address else "")
    others = {_owner(domain_of(one)) for one in (*parsed.to[:20], *parsed.cc[:20])}
    others |= {_owner(name.lower()) if "." in name else name.lower() for name in shown[:10]}
    return any(
        other and other != own and _drawn(other) == _drawn(own) for other in others if other and len(other) >= _LEAST
    )


def _owner(domain: str) -> str | None:
    """The label that somebody chose: `example` of `mail.example.co.uk`."""
    site = registered(domain) if domain.isascii() else None
    return to_unicode((site or domain).partition(".")[0]) if domain else None


def _drawn(label: str) -> str:
    """As it looks at a glance."""
    for seen, meant in _DRAWN:
        label = label.replace(seen, meant)
    return label
