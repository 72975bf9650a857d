"""Everything that the client raises.

AgentPostError
├── ConfigurationError          no key, or an address that is none
├── ConnectionFailed            the server was not reached, or the line broke
│   └── TimedOut                no answer in time
├── WaitTimedOut                no mail came in time; `wait_id` goes on waiting until its deadline
├── SignatureInvalid            a webhook delivery is not from this server, or not of now
└── APIError                    the server said no: status, code, detail, fix, errors, request_id
    ├── BadRequest              400
    ├── Unauthenticated         401
    ├── PermissionDenied        403
    ├── NotFound                404
    ├── Conflict                409
    ├── Gone                    410
    ├── Invalid                 413, 415, 422, 431: the request itself is wrong
    ├── RateLimited             429, with `retry_after`
    └── ServerError             5xx
"""

from typing import Any


class AgentPostError(Exception):
    """The parent of all."""


class ConfigurationError(AgentPostError):
    """The client cannot be made from what it was given and what the environment holds."""


class ConnectionFailed(AgentPostError):
    """No answer came: nobody knows whether the server did anything. Calls that send are safe to repeat with the same
    idempotency key.
    """


class TimedOut(ConnectionFailed):
    """No answer within `timeout` seconds."""


class WaitTimedOut(AgentPostError):
    """No mail that matches came in time. Until its deadline the wait stays armed: `waits.join(wait_id)` goes on."""

    def __init__(self, wait_id: str, status: str) -> None:
        self.wait_id = wait_id
        self.status = status
        super().__init__(f"no mail came that matches wait {wait_id} (it is {status})")


class SignatureInvalid(AgentPostError):
    """A delivery is not authentic, or not of now."""


class APIError(AgentPostError):
    """The server's answer, as its problem document says it (RFC 9457)."""

    def __init__(self, status: int, body: dict[str, Any], *, request_id: str, retry_after: float | None = None) -> None:
        self.status = status
        self.body = body
        self.code = str(body.get("code") or "unknown")
        self.detail = str(body.get("detail") or body.get("title") or "no explanation came with the answer")
        self.fix = str(body.get("fix") or "")
        self.errors: list[dict[str, Any]] = list(body.get("errors") or ())
        """One for each wrong field: `field`, `message`, `code`."""
        self.request_id = str(body.get("request_id") or request_id)
        self.doc_url = str(body.get("type") or "")
        self.retry_after = retry_after
        said = f"{status} {self.code}: {self.detail}"
        super().__init__(" ".join(part for part in (said, self.fix, f"[{self.request_id}]") if part))


class BadRequest(APIError):
    """400"""


class Unauthenticated(APIError):
    """401: no key, or one that is not known, has expired or was revoked."""


class PermissionDenied(APIError):
    """403: the key may not, or a policy or rule says no."""


class NotFound(APIError):
    """404"""


class Conflict(APIError):
    """409: something else happened first."""


class Gone(APIError):
    """410: it was here once."""


class Invalid(APIError):
    """413, 415, 422, 431: `errors` says which field is wrong."""


class RateLimited(APIError):
    """429: `retry_after` says after how many seconds to come again."""


class ServerError(APIError):
    """5xx"""


_BY_STATUS = {
    400: BadRequest,
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    429: RateLimited,
    431: Invalid,
}


def api_error(status: int, body: dict[str, Any], *, request_id: str = "", retry_after: float | None = None) -> APIError:
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else APIError)
    return kind(status, body, request_id=request_id, retry_after=retry_after)
