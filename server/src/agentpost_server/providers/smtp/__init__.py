"""Any SMTP relay as a MailTransport: pooled connections, and an honest answer about every recipient."""

from agentpost_server.providers.smtp.relay import SmtpRelay
from agentpost_server.providers.smtp.transport import SmtpTransport

__all__ = ["SmtpRelay", "SmtpTransport"]
