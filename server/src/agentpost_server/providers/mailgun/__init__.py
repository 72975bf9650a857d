"""Mailgun's messages API as a MailTransport."""

from agentpost_server.providers.mailgun.transport import MailgunTransport

__all__ = ["MailgunTransport"]
