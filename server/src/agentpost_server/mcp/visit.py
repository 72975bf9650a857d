"""What one request may use: a client with the caller's key, and the tools that the key allows."""

from typing import Any, Final, NamedTuple

from agentpost import AsyncAgentPost
from agentpost.tools import Tool

KEY: Final = "agentpost.mcp"


class Visit(NamedTuple):
    client: AsyncAgentPost
    tools: list[Tool]


def visit_of(ctx: Any) -> Visit:
    return ctx.request.scope[KEY]
