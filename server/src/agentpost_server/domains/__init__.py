"""Domains of tenants' own: what they must publish, whether they do, and the keys that sign for them."""

from agentpost_server.domains.check import TOPIC, check, lane
from agentpost_server.domains.keys import signers
from agentpost_server.domains.names import upwards

__all__ = ["TOPIC", "check", "lane", "signers", "upwards"]
