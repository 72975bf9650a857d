"""Bounce addresses that name what they are about: `bounces+<token>@domain` (variable envelope return path).

The token is a transmission's id and a MAC over it, so nobody can bounce a mail that we never sent. Base32 in lower
case, because relays may fold the case of a local part; 60 characters, within the 64 that one may have.
"""

from typing import Final
from uuid import UUID

from agentpost_server.core.secrets import Keyring
from agentpost_server.outbound import tags

_LOCAL: Final = "bounces"
_PURPOSE: Final = "verp"


def write(keyring: Keyring, transmission_id: UUID, domain: str) -> str:
    """The envelope sender of one transmission."""
    return f"{_LOCAL}+{tags.write(keyring, transmission_id, _PURPOSE)}@{domain}"


def read(keyring: Keyring, address: str) -> UUID | None:
    """The transmission that an address (or its local part) names; None for any that we did not write."""
    local, _, token = address.partition("@")[0].partition("+")
    return tags.read(keyring, token, _PURPOSE) if local.lower() == _LOCAL else None
