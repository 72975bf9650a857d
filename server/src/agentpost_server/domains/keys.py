"""DKIM keys of domains: made here, sealed in the database, opened only to sign.

A rotation publishes a new key first. The one before signs until the new one is seen in the DNS, and stays published a
week longer for the mail that it signed: no moment is without a valid key.
"""

import asyncio
import base64
import functools
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from agentpost_server.core.secrets import Keyring
from agentpost_server.db import Tx
from agentpost_server.domains import store_keys
from agentpost_server.domains.names import upwards
from agentpost_server.mail.dkim_sign import Signer, load_key

log = structlog.get_logger("domains")
OVERLAP: Final = timedelta(days=7)
_PURPOSE: Final = "dkim"
_BITS: Final = 2048
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """`private_key` is sealed."""

    selector: str
    public_key: str
    private_key: bytes


class Sender(NamedTuple):
    """Whether a domain may send now, and who signs for it: None where nobody can look up its key yet, or where that
    does not open."""

    can_send: bool
    signer: Signer | None


async def make_key(keyring: Keyring, now: datetime) -> NewKey:
    """An RSA key of 2,048 bits. In a thread: it takes a tenth of a second."""
    public, pem = await asyncio.to_thread(_generate)
    suffix = "".join(secrets.choice(_ALPHABET) for _ in range(4))
    return NewKey(selector=f"ap{now:%Y%m}{suffix}", public_key=public, private_key=keyring.seal(_PURPOSE, pem))


async def senders(
    tx: Tx, keyring: Keyring, wanted: Sequence[tuple[UUID, UUID, str]]
) -> dict[tuple[UUID, UUID, str], Sender]:
    """For each (organization, environment, sender's domain) what its domain says: that one itself, or the one above it
    whose subdomains are enabled (DMARC aligns the two). Missing: what is nobody's own domain there."""
    asked = [(*one, candidate) for one in set(wanted) for candidate in upwards(one[2])]
    return {
        (row["organization_id"], row["environment_id"], row["name"]): Sender(row["can_send"], _signer_of(keyring, row))
        for row in (await store_keys.sending(tx, asked) if asked else ())
    }


def _signer_of(keyring: Keyring, row: Any) -> Signer | None:
    if row["selector"] is None:
        return None
    try:
        return _signer(keyring, row["private_key"], row["domain"], row["selector"])
    except ValueError as error:
        # One tenant's key that no longer opens must not hold up everybody's mail.
        log.error("a DKIM key cannot be opened", domain=row["domain"], selector=row["selector"], error=str(error))
        return None


@functools.lru_cache(maxsize=1024)
def _signer(keyring: Keyring, sealed: bytes, domain: str, selector: str) -> Signer:
    return Signer(domain=domain, selector=selector, key=load_key(keyring.unseal(_PURPOSE, sealed), made_here=True))


def _generate() -> tuple[str, bytes]:
    """(what stands behind p=, the private key in PEM)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(public).decode(), pem
