"""Amazon SES (API v2) as a MailTransport. Needs the package's extra `ses`."""

from agentpost_server.providers.ses.transport import SesTransport

__all__ = ["SesTransport"]
