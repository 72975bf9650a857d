"""What SES's errors and the SDK's exceptions mean for the mail of one SendEmail call.

the line was never opened, no credentials      surely not accepted: `deferred`, a transport's fault
4xx about the mail                             `refused`
4xx about account, configuration or pace       surely not accepted: `deferred`, a transport's fault
5xx                                            `unknown`: Amazon warns that a retry may make a duplicate
no answer                                      `unknown`
"""

from typing import Any, Final

from agentpost_server.ports.transport import Outcome
from agentpost_server.providers.aws import AwsRefused
from agentpost_server.providers.smtp.replies import one_line

# What SendEmail's errors say of the mail itself; every other 4xx is about who sends, from what, and how fast.
_ABOUT_THE_MAIL: Final = frozenset(
    (
        "MessageRejected",
        "BadRequestException",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        "ValidationException",
        "ValidationError",
        "SerializationException",
        "RequestEntityTooLarge",
    )
)
# The SDK's errors by name: it is an extra, and these are all that is wanted of it here.
_BEFORE_THE_REQUEST: Final = frozenset(
    (
        "ConnectTimeoutError",
        "CredentialRetrievalError",
        "InvalidConfigError",
        "NoCredentialsError",
        "NoRegionError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "ProxyConnectionError",
        "SSLError",
        "TokenRetrievalError",
        "UnknownServiceError",
    )
)


def outcome_of(error: BaseException) -> Outcome:
    """What is known of the mail after the call ended so."""
    if isinstance(error, AwsRefused):
        return _answered(error)
    cause = error.__cause__ or error
    names = _names(cause)
    if "ParamValidationError" in names:
        return Outcome(status="refused", detail=one_line(f"The SDK takes no such mail: {error}"))
    reason = str(error) or type(error).__name__
    if names & _BEFORE_THE_REQUEST or _is_about_connecting(cause):
        return Outcome(status="deferred", transport_fault=True, detail=one_line(f"SES could not be reached: {reason}"))
    return Outcome(status="unknown", detail=one_line(f"The answer of SES was lost: {reason}"))


def _answered(error: AwsRefused) -> Outcome:
    detail = one_line(f"SES: {error}")
    if not 400 <= error.status <= 499:
        return Outcome(status="unknown", detail=detail)
    if error.code in _ABOUT_THE_MAIL or error.status == 413:
        return Outcome(status="refused", detail=detail)
    return Outcome(status="deferred", transport_fault=True, detail=detail)


def _is_about_connecting(cause: Any) -> bool:
    """The SDK calls a line that broke behind the request by the same name as one that was never opened; what it was
    told by the HTTP client tells them apart."""
    if "EndpointConnectionError" not in _names(cause):
        return False
    return "ClientConnectorError" in _names(getattr(cause, "kwargs", {}).get("error"))


def _names(thing: object) -> set[str]:
    return {kind.__name__ for kind in type(thing).__mro__}
