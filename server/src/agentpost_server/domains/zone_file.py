"""A domain's records as a zone file (RFC 1035 5.1): names in full, so that it can be read into any zone above them."""

from collections.abc import Sequence
from typing import Final

from agentpost_server.domains.model import DnsRecord

_STRING_OCTETS: Final = 255
_ONE_SPF: Final = "; A name has one SPF record alone: where there is one already, add the mechanism to it instead."


def zone_file(domain: str, records: Sequence[DnsRecord]) -> str:
    """ASCII, ending with a line end. `$ORIGIN` is only for people: no name is relative."""
    lines = [f"; Records of {domain} for AgentPost", f"$ORIGIN {domain}."]
    for one in records:
        lines.append(f"; {one.purpose}, {'required' if one.required else 'advised'}, {one.status}")
        if one.purpose == "spf":
            lines.append(_ONE_SPF)
        lines.append(f"{one.name}. {one.ttl} IN {one.type} {_data(one)}")
    return "\n".join([*lines, ""])


def _data(one: DnsRecord) -> str:
    match one.type:
        case "TXT":
            return quoted(one.value)
        case "MX":
            return f"{one.priority} {one.value}."
        case _:
            return f"{one.value}."


def quoted(text: str) -> str:
    """A text as strings of at most 255 octets each, in quotes."""
    pieces = [text[start : start + _STRING_OCTETS] for start in range(0, len(text), _STRING_OCTETS)]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces or [""])
