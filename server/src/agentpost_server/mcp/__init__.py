"""The door for models: `/mcp`, the Model Context Protocol over streamable HTTP, in both of its eras.

Its tools are the clients' own catalogue. Each call goes through this server's API with the caller's key, inside the
process: so a model meets the scopes, policies, limits and idempotency of everybody else, and no rule stands here twice.
"""

from agentpost_server.mcp.door import ROOT_ROUTES, McpDoor

__all__ = ["ROOT_ROUTES", "McpDoor"]
