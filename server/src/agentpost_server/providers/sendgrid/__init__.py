"""SendGrid's v3 mail API as a MailTransport."""

from agentpost_server.providers.sendgrid.transport import SendGridTransport

__all__ = ["SendGridTransport"]
