"""Drafts: what may become a message, with every revision of it, sent by hand or when its time has come."""

from agentpost_server.drafts.due import lane

__all__ = ["lane"]
