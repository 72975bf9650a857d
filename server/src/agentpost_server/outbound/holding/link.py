"""The link of an approval mail: sealed, for one approver and one message, good until somebody has decided.

Whoever only looks, decides nothing; the form that the page shows carries a seal of its own, so that a request which
nobody saw a page for decides nothing either.
"""

import base64
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.core.secrets import Keyring

_PURPOSE: Final = "approval-link"
_FORM: Final = "approval-form"
_UUIDS: Final = 3 * 16
_FORM_GOOD_FOR: Final = timedelta(hours=1)
_TIME_OCTETS: Final = 8


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asked about which message."""

    organization_id: UUID
    environment_id: UUID
    message_id: UUID
    email: str

    @property
    def scope(self) -> Scope:
        return Scope(self.organization_id, self.environment_id)


def write(keyring: Keyring, asked: Asked) -> str:
    plain = asked.organization_id.bytes + asked.environment_id.bytes + asked.message_id.bytes + asked.email.encode()
    return _text(keyring.seal(_PURPOSE, plain))


def read(keyring: Keyring, token: str) -> Asked:
    """Raises NotFound for what we did not write."""
    try:
        plain = keyring.unseal(_PURPOSE, _octets(token))
    except ValueError:
        raise NotFound("This link does not lead anywhere.", fix="Use the whole link of the mail.") from None
    found = [UUID(bytes=plain[start : start + 16]) for start in range(0, _UUIDS, 16)]
    return Asked(organization_id=found[0], environment_id=found[1], message_id=found[2], email=plain[_UUIDS:].decode())


def write_form(keyring: Keyring, asked: Asked, revision: int, moment: datetime) -> str:
    """The form's seal: of this link, of what the page showed, for an hour."""
    end = int((moment + _FORM_GOOD_FOR).timestamp()).to_bytes(_TIME_OCTETS, "big")
    return _text(end + keyring.sign(_FORM, _bound(asked, revision, end)))


def is_form(keyring: Keyring, asked: Asked, revision: int, nonce: str, moment: datetime) -> bool:
    try:
        given = _octets(nonce)
    except ValueError:
        return False
    end, mac = given[:_TIME_OCTETS], given[_TIME_OCTETS:]
    if len(end) < _TIME_OCTETS or int.from_bytes(end, "big") < moment.timestamp():
        return False
    return keyring.verify(_FORM, _bound(asked, revision, end), mac)


def _bound(asked: Asked, revision: int, end: bytes) -> bytes:
    ids = asked.organization_id.bytes + asked.environment_id.bytes + asked.message_id.bytes
    return ids + revision.to_bytes(4, "big") + end + asked.email.encode()


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _octets(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
