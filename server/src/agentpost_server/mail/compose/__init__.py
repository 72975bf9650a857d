"""Composing mail: plain values in, the octets of an RFC 5322 / MIME message out. Deterministic for equal input."""

from agentpost_server.mail.compose.message import compose, message_needs_smtputf8, new_message_id
from agentpost_server.mail.compose.model import AutoSubmitted, OutgoingAttachment, OutgoingMail

__all__ = [
    "AutoSubmitted",
    "OutgoingAttachment",
    "OutgoingMail",
    "compose",
    "message_needs_smtputf8",
    "new_message_id",
]
