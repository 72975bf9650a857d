"""Bounce addresses that name what they are about: `bounces+<token>@domain` (variable envelope return path).

The token is a transmission's id and a MAC over it, so nobody can bounce a mail that we never sent. Base32 in lower
case, because relays may fold the case of a local part; 60 characters, within the 64 that one may have.
"""

import base64
import binascii
from typing import Final
from uuid import UUID

from agentpost_server.core.secrets import Keyring

_LOCAL: Final = "bounces"
_PURPOSE: Final = "verp"
_MAC_OCTETS: Final = 16
_TOKEN_CHARACTERS: Final = 52


def write(keyring: Keyring, transmission_id: UUID, domain: str) -> str:
    """The envelope sender of one transmission."""
    mac = keyring.sign(_PURPOSE, transmission_id.bytes, size=_MAC_OCTETS)
    token = base64.b32encode(transmission_id.bytes + mac).decode().rstrip("=").lower()
    return f"{_LOCAL}+{token}@{domain}"


def read(keyring: Keyring, address: str) -> UUID | None:
    """The transmission that an address (or its local part) names; None for any that we did not write."""
    local, _, token = address.partition("@")[0].partition("+")
    if local.lower() != _LOCAL or len(token) != _TOKEN_CHARACTERS:
        return None
    try:
        octets = base64.b32decode(token.upper() + "====")
    except (binascii.Error, ValueError):
        return None
    payload, mac = octets[:16], octets[16:]
    return UUID(bytes=payload) if keyring.verify(_PURPOSE, payload, mac) else None
