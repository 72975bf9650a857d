"""Every key of the server is derived from one secret by HKDF with a purpose label (RFC 5869), and small sealed texts.

`AGENTPOST_SECRET_KEY` is a list, newest first: the first signs and seals, all verify and open, so that rotating it
breaks nothing that is still in someone's hands.
"""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class Keyring:
    """Derives, signs and seals. Holds the root secrets and never shows them."""

    def __init__(self, roots: tuple[bytes, ...]) -> None:
        if not roots or any(len(root) < 32 for root in roots):
            raise ValueError("every secret key must have at least 32 bytes")
        self._roots = roots
        self._derived: dict[str, tuple[bytes, ...]] = {}

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """The 32-byte keys of one purpose, newest first."""
        found = self._derived.get(purpose)
        if found is None:
            found = tuple(_derive(root, purpose) for root in self._roots)
            self._derived[purpose] = found
        return found

    def password(self, role: str) -> str:
        """The password of a database role. From the oldest root: rotation must not lock the server out."""
        return base64.urlsafe_b64encode(_derive(self._roots[-1], f"database-role:{role}")).decode().rstrip("=")

    def sign(self, purpose: str, payload: bytes, *, size: int = 16) -> bytes:
        """A MAC of `size` octets, to stand before or after the payload."""
        return hmac.digest(self.keys(purpose)[0], payload, hashlib.sha256)[:size]

    def verify(self, purpose: str, payload: bytes, mac: bytes) -> bool:
        """Constant-time, against every root."""
        if len(mac) < 16:
            return False
        return any(
            hmac.compare_digest(hmac.digest(key, payload, hashlib.sha256)[: len(mac)], mac)
            for key in self.keys(purpose)
        )

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """AES-256-GCM with a random nonce in front."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.keys(purpose)[0]).encrypt(nonce, plain, purpose.encode())

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """The plain bytes. ValueError when no root opens them."""
        for key in self.keys(purpose):
            try:
                return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())
            except InvalidTag:
                continue
        raise ValueError(f"cannot open what was sealed for {purpose}: is a former AGENTPOST_SECRET_KEY missing?")


def _derive(root: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"agentpost/{purpose}".encode()).derive(root)
