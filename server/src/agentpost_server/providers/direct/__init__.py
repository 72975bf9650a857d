"""The transport `direct`: this server delivers to each domain's mail exchangers itself (RFC 5321 5.1)."""

from agentpost_server.providers.direct.model import DirectSettings
from agentpost_server.providers.direct.transport import DirectTransport

__all__ = ["DirectSettings", "DirectTransport"]
