"""Leases: a received message is one worker's at a time, comes back when that one dies, and is handled once."""

from agentpost_server.leases.chores import TEND_SECONDS, tend
from agentpost_server.leases.model import Lease

__all__ = ["TEND_SECONDS", "Lease", "tend"]
