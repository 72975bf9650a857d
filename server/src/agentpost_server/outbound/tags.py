"""Our signed name of an attempt, which providers carry and give back: whoever names one has it from a mail of ours.

An id and a MAC over it in lower-case base32: 52 characters that every provider takes as a tag or a variable.
"""

import base64
import binascii
from typing import Final
from uuid import UUID

from agentpost_server.core.secrets import Keyring

_MAC_OCTETS: Final = 16
_CHARACTERS: Final = 52


def write(keyring: Keyring, its_id: UUID, purpose: str = "attempt") -> str:
    """The name; `purpose` keeps names of one kind from passing as another."""
    mac = keyring.sign(purpose, its_id.bytes, size=_MAC_OCTETS)
    return base64.b32encode(its_id.bytes + mac).decode().rstrip("=").lower()


def read(keyring: Keyring, name: str, purpose: str = "attempt") -> UUID | None:
    """The id that a name names; None for any that we did not write."""
    if len(name) != _CHARACTERS:
        return None
    try:
        octets = base64.b32decode(name.upper() + "====")
    except (binascii.Error, ValueError):
        return None
    return UUID(bytes=octets[:16]) if keyring.verify(purpose, octets[:16], octets[16:]) else None
