"""AgentPost: e-mail for AI agents, self-hosted.

    from agentpost import AgentPost

    client = AgentPost()  # AGENTPOST_API_KEY, AGENTPOST_BASE_URL
    inbox = client.inboxes.create()

Everything is loaded when it is first used, so that the import costs little.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from agentpost import _version

if TYPE_CHECKING:
    from agentpost import errors as errors
    from agentpost import types as types
    from agentpost._core.body import OMIT as OMIT
    from agentpost._core.client import AgentPost as AgentPost
    from agentpost._core.client import AsyncAgentPost as AsyncAgentPost
    from agentpost._core.errors import AgentPostError as AgentPostError
    from agentpost._core.errors import APIError as APIError
    from agentpost._core.resource import RawResponse as RawResponse
    from agentpost._core.resource import with_raw_response as with_raw_response

__version__ = _version.VERSION
_HOMES = {
    "AgentPost": "_core.client",
    "AsyncAgentPost": "_core.client",
    "AgentPostError": "_core.errors",
    "APIError": "_core.errors",
    "OMIT": "_core.body",
    "RawResponse": "_core.resource",
    "with_raw_response": "_core.resource",
}
__all__ = [
    "OMIT",
    "APIError",
    "AgentPost",
    "AgentPostError",
    "AsyncAgentPost",
    "RawResponse",
    "__version__",
    "errors",
    "types",
    "with_raw_response",
]


def __getattr__(name: str) -> Any:
    if name in {"errors", "types"}:
        return import_module(f"{__name__}.{name}")
    if (home := _HOMES.get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
