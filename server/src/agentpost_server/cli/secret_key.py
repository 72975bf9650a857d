"""AGENTPOST_SECRET_KEY as bytes, and the making of one."""

import base64
import binascii
import os
import re

from agentpost_server.core.secrets import Keyring
from agentpost_server.settings import SettingsError

_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){32,}")


def make() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def keyring_of(text: str) -> Keyring:
    """The Keyring of a comma-separated list, newest first. Raises SettingsError, which never repeats the value."""
    roots = tuple(_bytes(part.strip()) for part in text.split(",") if part.strip())
    if not roots or any(len(root) < 32 for root in roots):
        raise SettingsError(
            "AGENTPOST_SECRET_KEY must be at least 32 bytes as base64 or hex (make one: openssl rand -base64 32)."
        )
    return Keyring(roots)


def _bytes(text: str) -> bytes:
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
