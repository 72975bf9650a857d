"""Mail in: doors, accepting, and the lane that makes messages of what was accepted."""

from agentpost_server.inbound.accept import AcceptedMail, AcceptMail, accept, mail_of_bytes
from agentpost_server.inbound.smtp import Route

__all__ = ["AcceptMail", "AcceptedMail", "Route", "accept", "mail_of_bytes"]
