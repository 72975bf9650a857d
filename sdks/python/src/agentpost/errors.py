"""What the client raises: the tree stands in `agentpost._core.errors`."""

from agentpost._core.errors import (
    AgentPostError,
    APIError,
    BadRequest,
    ConfigurationError,
    Conflict,
    ConnectionFailed,
    Gone,
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
    SignatureInvalid,
    TimedOut,
    Unauthenticated,
    WaitTimedOut,
)

__all__ = [
    "APIError",
    "AgentPostError",
    "BadRequest",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "Gone",
    "Invalid",
    "NotFound",
    "PermissionDenied",
    "RateLimited",
    "ServerError",
    "SignatureInvalid",
    "TimedOut",
    "Unauthenticated",
    "WaitTimedOut",
]
