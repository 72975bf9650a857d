"""How failures are told and what the shell gets: a sentence with its fix for people, an object for programs."""

import json
import sys
from typing import Final

from agentpost._core import errors

_CODES: Final = (
    (errors.WaitTimedOut, 5),
    (errors.TimedOut, 5),
    (errors.Unauthenticated, 3),
    (errors.PermissionDenied, 3),
    (errors.ConfigurationError, 3),
    (errors.NotFound, 4),
    (errors.Gone, 4),
)


def exit_code(failure: Exception) -> int:
    return next((code for kind, code in _CODES if isinstance(failure, kind)), 1)


def tell(failure: Exception, *, as_json: bool) -> None:
    if not isinstance(failure, errors.AgentPostError | ValueError | OSError):
        raise failure
    if as_json:
        said = {"code": _code(failure), "message": str(failure)}
        if isinstance(failure, errors.APIError):
            said |= {"status": failure.status, "fix": failure.fix, "request_id": failure.request_id}  # pyright: ignore[reportAssignmentType]
        sys.stderr.write(json.dumps({"error": said}, ensure_ascii=False) + "\n")
        return
    if isinstance(failure, errors.APIError):
        sys.stderr.write(f"{failure.detail}\n")
        for one in failure.errors:
            sys.stderr.write(f"  {one.get('field')}: {one.get('message')}\n")
        sys.stderr.write(
            "".join(f"{line}\n" for line in (failure.fix, f"({failure.code}, {failure.request_id})") if line)
        )
        return
    sys.stderr.write(f"{failure}\n")


def _code(failure: Exception) -> str:
    if isinstance(failure, errors.APIError):
        return failure.code
    words = {
        errors.WaitTimedOut: "wait_timed_out",
        errors.TimedOut: "timed_out",
        errors.ConnectionFailed: "not_reached",
    }
    return next((word for kind, word in words.items() if isinstance(failure, kind)), "not_usable")
