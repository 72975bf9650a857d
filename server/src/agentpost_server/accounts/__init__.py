"""Organizations, environments, API keys: who is calling, and whose data they may touch."""

from agentpost_server.accounts.authenticate import Caller
from agentpost_server.accounts.scopes import needs

__all__ = ["Caller", "needs"]
