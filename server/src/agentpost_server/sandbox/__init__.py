"""The sandbox: the embedded mail network with its personas, and what it kept instead of sending."""

from agentpost_server.sandbox.network import LocalNetwork

__all__ = ["LocalNetwork"]
