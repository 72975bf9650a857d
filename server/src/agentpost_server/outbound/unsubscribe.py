"""One-click unsubscribing (RFC 8058): the header fields of one recipient's mail, and the way back by its link.

The token is sealed and says whom it is about, so that a link works for as long as somebody keeps the mail, whatever was
deleted here meanwhile, and tells nobody an address.
"""

import base64
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.secrets import Keyring
from agentpost_server.mail.address import canonical
from agentpost_server.outbound.store import suppressions as store
from agentpost_server.runtime import Runtime

FIELDS: Final = ("List-Unsubscribe", "List-Unsubscribe-Post")
_PURPOSE: Final = "unsubscribe"
_UUIDS: Final = 3 * 16
_DETAIL: Final = "Unsubscribed by the link in a mail."


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """Who got which mail from where."""

    organization_id: UUID
    environment_id: UUID
    message_id: UUID
    email: str


def write(keyring: Keyring, who: Subscription) -> str:
    """The token of a link."""
    plain = who.organization_id.bytes + who.environment_id.bytes + who.message_id.bytes + who.email.encode()
    return base64.urlsafe_b64encode(keyring.seal(_PURPOSE, plain)).decode().rstrip("=")


def read(keyring: Keyring, token: str) -> Subscription:
    """Raises NotFound for what we did not write."""
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        plain = keyring.unseal(_PURPOSE, sealed)
    except ValueError:
        raise NotFound(
            "This link does not lead anywhere.", fix="Use the whole link as it stands in the mail."
        ) from None
    found = [UUID(bytes=plain[start : start + 16]) for start in range(0, _UUIDS, 16)]
    return Subscription(
        organization_id=found[0], environment_id=found[1], message_id=found[2], email=plain[_UUIDS:].decode()
    )


def fields(keyring: Keyring, public_url: str, who: Subscription) -> bytes:
    """Both header fields, to stand on top of a mail; one-click is for https alone (RFC 8058 3.1)."""
    lines = f"{FIELDS[0]}: <{public_url}/u/{write(keyring, who)}>\r\n"
    if public_url.startswith("https:"):
        lines += f"{FIELDS[1]}: List-Unsubscribe=One-Click\r\n"
    return lines.encode("ascii")


async def unsubscribe(runtime: Runtime, who: Subscription) -> None:
    """Its environment writes to it no more. Asked again, nothing changes. NotFound when the environment is gone."""
    row = (who.organization_id, who.environment_id, canonical(who.email), ids.new_id())
    async with runtime.database.transaction(who.organization_id) as tx:
        await store.suppress(tx, [(*row, "unsubscribe", who.message_id, _DETAIL)])
