"""`X-AgentPost-Trace`: our signature on mail that we send, so that we know it when it comes back.

Message-IDs cannot tell: anyone may copy one, and providers replace ours. The value names message and inbox; the MAC
keeps strangers from making mail look like our own echo.
"""

import base64
import binascii
import re
from typing import Final
from uuid import UUID

from agentpost_server.core.secrets import Keyring

TRACE_HEADER: Final = "X-AgentPost-Trace"

_PURPOSE: Final = "mail-trace"
# 16 octets each of message, inbox and MAC are exactly 64 characters, without padding.
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{64}")
_FIELD: Final = re.compile(
    rb"\n%b[ \t]*:[ \t]*(?:\r?\n[ \t]+)?([A-Za-z0-9_-]{64})[ \t]*\r?(?=\n)" % TRACE_HEADER.encode(), re.IGNORECASE
)


def sign(keyring: Keyring, message_id: UUID, inbox_id: UUID) -> str:
    """The value of the header for one message on its way out."""
    named = message_id.bytes + inbox_id.bytes
    return base64.urlsafe_b64encode(named + keyring.sign(_PURPOSE, named)).decode("ascii")


def read(keyring: Keyring, value: str) -> tuple[UUID, UUID] | None:
    """`(message_id, inbox_id)`, or None when the value is not ours."""
    text = value.strip()
    if not _VALUE.fullmatch(text):
        return None
    try:
        octets = base64.urlsafe_b64decode(text)
    except binascii.Error:
        return None
    if not keyring.verify(_PURPOSE, octets[:32], octets[32:]):
        return None
    return UUID(bytes=octets[:16]), UUID(bytes=octets[16:32])


def traced_inboxes(keyring: Keyring, head: bytes) -> list[UUID]:
    """The inboxes that our headers in the header section at the start of `head` name, repeats kept."""
    end = head.find(b"\r\n\r\n")
    section = b"\n" + (head if end < 0 else head[: end + 2])
    found = (read(keyring, match[1].decode("ascii")) for match in _FIELD.finditer(section))
    return [names[1] for names in found if names is not None]
