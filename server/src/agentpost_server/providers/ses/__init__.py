"""Amazon SES (API v2) as a MailTransport and as a DomainProvider. Needs the package's extra `ses`."""

from agentpost_server.providers.ses.identities import SesIdentities
from agentpost_server.providers.ses.transport import SesTransport

__all__ = ["SesIdentities", "SesTransport"]
