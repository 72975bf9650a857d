"""The SMTP receiver: mail from the network, in bounded memory, handed to a Mailroom that the caller implements."""

from agentpost_server.inbound.smtp.limits import SmtpLimits
from agentpost_server.inbound.smtp.mailroom import (
    Accepted,
    Delivery,
    MailContent,
    Mailroom,
    Refusal,
    Route,
    SessionInfo,
    TransmissionType,
)
from agentpost_server.inbound.smtp.server import SmtpServer
from agentpost_server.inbound.smtp.stats import SmtpStats
from agentpost_server.inbound.smtp.tls import server_context

__all__ = [
    "Accepted",
    "Delivery",
    "MailContent",
    "Mailroom",
    "Refusal",
    "Route",
    "SessionInfo",
    "SmtpLimits",
    "SmtpServer",
    "SmtpStats",
    "TransmissionType",
    "server_context",
]
