"""Postmark's e-mail API as a MailTransport."""

from agentpost_server.providers.postmark.transport import PostmarkTransport

__all__ = ["PostmarkTransport"]
