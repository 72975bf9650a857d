"""Tools for agents: one catalogue of names, schemas and handlers, for MCP and for every framework.

    from agentpost import AgentPost, tools

    client = AgentPost()
    for tool in tools.CATALOGUE.values():
        print(tool.name, tool.description, tool.input_schema)
    tools.run(client, "send_email", {"inbox": "support@mail.example.com", "to": ["ann@example.com"], "body": "Hello"})

What a stranger wrote comes back fenced and marked as such; results are bounded and say when something was left out.
"""

from agentpost.tools.catalogue import CATALOGUE, DEFAULT, chosen
from agentpost.tools.running import ToolFailed, ToolResult, arun, run
from agentpost.tools.tool import Tool

__all__ = ["CATALOGUE", "DEFAULT", "Tool", "ToolFailed", "ToolResult", "arun", "chosen", "run"]
