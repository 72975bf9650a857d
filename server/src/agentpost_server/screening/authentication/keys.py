"""Public keys of DKIM and ARC in the DNS (RFC 6376 3.6, RFC 8463): found, read, and judged strong enough (RFC 8301)."""

import base64
import binascii
import hashlib
from typing import Final, Literal, NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key

from agentpost_server.ports.resolver import ResolverError
from agentpost_server.screening.authentication.lookups import RECORD_OCTETS, Lookups
from agentpost_server.screening.authentication.tags import read_tags, without_blanks, words

_BITS: Final = range(1024, 8192 + 1)


class Key(msgspec.Struct, frozen=True):
    """`kind` is that of the signatures it makes. `testing`: its owner asks that they count for nothing yet.
    `strict`: no identity below the signing domain."""

    kind: Literal["rsa", "ed25519"]
    public: RSAPublicKey | Ed25519PublicKey
    testing: bool
    strict: bool


KeyProblem = Literal["temperror", "permerror"]


class Signer(NamedTuple):
    """A key in the DNS by its name, and the algorithm that it is used with."""

    kind: Literal["rsa", "ed25519"]
    domain: str
    selector: str


async def find_key(lookups: Lookups, signer: Signer) -> Key | KeyProblem:
    """`permerror`: there is none, more than one, or none that may be used."""
    try:
        records = await lookups.txt(f"{signer.selector}._domainkey.{signer.domain}")
    except ResolverError:
        return "temperror"
    found = [key for one in records if (key := read_key(one)) is not None]
    return found[0] if len(found) == 1 and found[0].kind == signer.kind else "permerror"


def read_key(record: bytes) -> Key | None:
    """A key record, or None for what is none, is revoked, too weak or not for mail."""
    if len(record) > RECORD_OCTETS:
        return None
    tags = read_tags(record)
    if tags is None or tags.get("v", "DKIM1") != "DKIM1" or not tags.get("p"):
        return None
    kind = tags.get("k", "rsa").lower()
    if "sha256" not in words(tags.get("h", "sha256")) or not {"*", "email"} & set(words(tags.get("s", "*"))):
        return None
    try:
        octets = base64.b64decode(without_blanks(tags["p"]), validate=True)
        public = Ed25519PublicKey.from_public_bytes(octets) if kind == "ed25519" else load_der_public_key(octets)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    flags = words(tags.get("t", ""))
    if kind == "ed25519" and isinstance(public, Ed25519PublicKey):
        return Key("ed25519", public, "y" in flags, "s" in flags)
    if kind == "rsa" and isinstance(public, RSAPublicKey) and public.key_size in _BITS:
        return Key("rsa", public, "y" in flags, "s" in flags)
    return None


def is_signed_by(key: Key, signature: bytes, signed: bytes) -> bool:
    """Whether `signature` is that key's over `signed` (RFC 8463 3: Ed25519 signs the hash)."""
    digest = hashlib.sha256(signed).digest()
    try:
        if isinstance(key.public, RSAPublicKey):
            key.public.verify(signature, digest, PKCS1v15(), Prehashed(hashes.SHA256()))
        else:
            key.public.verify(signature, digest)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True
