"""Runs a tool with a plain or an async client, and turns what goes wrong into a sentence that a model can act on."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agentpost._core.errors import AgentPostError, APIError, ConnectionFailed, NotFound, RateLimited
from agentpost.tools.catalogue import CATALOGUE
from agentpost.tools.checking import Wrong, checked
from agentpost.tools.tool import Steps, Tool

if TYPE_CHECKING:
    from agentpost import AgentPost, AsyncAgentPost

_WINDOW_SECONDS: Final = 600


class ToolFailed(Exception):
    """What went wrong, and what to do next, in words for a model."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    data: dict[str, Any]
    """As the tool's output schema says."""

    @property
    def text(self) -> str:
        """The same for a model that reads text: mail stays fenced, the rest is JSON."""
        told = {name: value for name, value in self.data.items() if name != "content"}
        body = json.dumps(told, ensure_ascii=False)
        return f"{body}\n\n{self.data['content']}" if "content" in self.data else body


def run(client: AgentPost, name: str, arguments: dict[str, Any]) -> ToolResult:
    """Raises ToolFailed."""
    try:
        steps, answer = _begin(client, name, arguments), None
        while True:
            answer = steps.send(answer)
    except StopIteration as done:
        return ToolResult(done.value)
    except (AgentPostError, ValueError) as failure:
        raise _told(failure) from failure


async def arun(client: AsyncAgentPost, name: str, arguments: dict[str, Any]) -> ToolResult:
    """Raises ToolFailed."""
    try:
        steps, answer = _begin(client, name, arguments), None
        while True:
            answer = await steps.send(answer)
    except StopIteration as done:
        return ToolResult(done.value)
    except (AgentPostError, ValueError) as failure:
        raise _told(failure) from failure


def _begin(client: Any, name: str, arguments: dict[str, Any]) -> Steps:
    tool = CATALOGUE.get(name)
    if tool is None:
        raise ToolFailed(f"There is no tool {name}. There are: {', '.join(CATALOGUE)}.")
    try:
        found = checked(tool, arguments)
    except Wrong as wrong:
        raise ToolFailed(str(wrong)) from None
    if tool.sends:
        found.setdefault("idempotency_key", _key(tool, found))
    return tool.handler(client, found)


def _key(tool: Tool, found: dict[str, Any]) -> str:
    """The same call within ten minutes is the same send: a model that is told of a time-out calls again."""
    said = json.dumps([tool.name, found, int(time.time() // _WINDOW_SECONDS)], sort_keys=True, ensure_ascii=False)
    return f"tool-{hashlib.sha256(said.encode()).hexdigest()}"


def _told(failure: Exception) -> ToolFailed:
    if isinstance(failure, RateLimited):
        after = f" Wait {failure.retry_after:g} seconds first." if failure.retry_after else ""
        return ToolFailed(f"{failure.detail}{after} Do not repeat this call in a loop. ({failure.code})")
    if isinstance(failure, NotFound):
        return ToolFailed(f"{failure.detail} List what there is, and use an id from that list. ({failure.code})")
    if isinstance(failure, APIError):
        wrong = (f" {one.get('field')}: {one.get('message')}." for one in failure.errors)
        fields = "".join(one for one in wrong if one[1:-1] not in failure.detail)
        return ToolFailed(f"{failure.detail}{fields} {failure.fix} ({failure.code})")
    if isinstance(failure, ConnectionFailed):
        return ToolFailed("The mail server did not answer. The same call may be made again: a send happens once.")
    return ToolFailed(str(failure))
