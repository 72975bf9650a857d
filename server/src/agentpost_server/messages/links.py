"""Signed links to bytes on this server, for where the blob store has none of its own: `/files/{token}`.

The token says what may be done, to which file, until when. It needs no key, as a presigned URL
needs none.
"""

import base64
import struct
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from agentpost_server.core.errors import NotFound
from agentpost_server.core.secrets import Keyring

Use = Literal["download", "upload"]
_PURPOSE: Final = "file-link"
_USES: Final[dict[Use, bytes]] = {"download": b"d", "upload": b"u"}
_FORMAT: Final = struct.Struct(">c16s16sQ")
_MAC: Final = 16


class Link(msgspec.Struct, frozen=True):
    """A file of an organization."""

    organization_id: UUID
    file_id: UUID


def path_of(keyring: Keyring, use: Use, link: Link, expires_at: datetime) -> str:
    """`/files/…`, good until `expires_at`."""
    payload = _FORMAT.pack(_USES[use], link.organization_id.bytes, link.file_id.bytes, int(expires_at.timestamp()))
    token = keyring.sign(_PURPOSE, payload, size=_MAC) + payload
    return "/files/" + base64.urlsafe_b64encode(token).decode().rstrip("=")


def read(keyring: Keyring, use: Use, token: str, now: datetime) -> Link:
    """Raises NotFound for what we did not sign, and for what is over: nobody learns which."""
    try:
        signed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise link_is_over() from None
    mac, payload = signed[:_MAC], signed[_MAC:]
    if len(payload) != _FORMAT.size or not keyring.verify(_PURPOSE, payload, mac):
        raise link_is_over()
    kind, organization_id, file_id, until = _FORMAT.unpack(payload)
    if kind != _USES[use] or now.timestamp() >= until:
        raise link_is_over()
    return Link(UUID(bytes=organization_id), UUID(bytes=file_id))


def link_is_over() -> NotFound:
    return NotFound("This link does not lead anywhere any more.", fix="Ask the API for a new one.")
