"""Problems as answers: RFC 9457 `application/problem+json`, one shape for every error the server can give."""

from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from agentpost_server.core.errors import FieldError, Problem, Unavailable
from agentpost_server.web.context import Context, context_of, shown_path

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger("web")


class ProblemBody(msgspec.Struct, kw_only=True, rename={"kind": "type"}):
    """What a client gets for every error."""

    kind: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldError, ...]
    fix: str
    request_id: str


def problem_body(
    context: Context, *, status: int, code: str, detail: str, fix: str, errors: tuple[FieldError, ...] = ()
) -> ProblemBody:
    return ProblemBody(
        kind=f"{context.errors_url}#{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
        errors=errors,
        fix=fix,
        request_id=context.request_id,
    )


def answer(scope: Any, problem: Problem) -> Response[ProblemBody]:
    """The HTTP answer of a Problem."""
    headers = dict(problem.headers)
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    body = problem_body(
        context_of(scope),
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
        fix=problem.fix,
        errors=problem.errors,
    )
    return Response(content=body, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


# What the framework itself refuses, in our words.
_REFUSED = {
    400: ("bad_request", "The request could not be read.", "Check the query parameters and the body."),
    404: ("route_not_found", "There is no such path here.", "See /docs for the paths of this server."),
    405: ("method_not_allowed", "This path does not know that method.", "Use one of the methods in the Allow header."),
    413: ("body_too_large", "The body is larger than this path takes.", "Send less, or upload attachments by URL."),
    415: ("unsupported_media_type", "The body must be application/json.", "Set Content-Type: application/json."),
}


def answer_problem(request: Request[Any, Any, Any], problem: Problem) -> Response[ProblemBody]:
    return answer(request.scope, problem)


def answer_http_exception(request: Request[Any, Any, Any], refused: HTTPException) -> Response[ProblemBody]:
    code, detail, fix = _REFUSED.get(refused.status_code, ("bad_request", refused.detail, "Check the request."))
    errors: tuple[FieldError, ...] = ()
    status = refused.status_code
    if status == 400 and isinstance(refused.extra, list):
        status, code, fix = 422, "validation_failed", "Correct the named parameters and send the request again."
        errors = tuple(_parameter_error(one) for one in refused.extra)
        detail = "; ".join(f"{one.field}: {one.message}" for one in errors) or detail
    body = problem_body(context_of(request.scope), status=status, code=code, detail=detail, fix=fix, errors=errors)
    headers = {name: value for name, value in (refused.headers or {}).items() if name.lower() == "allow"}
    return Response(content=body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _parameter_error(extra: Any) -> FieldError:
    return FieldError(field=str(extra.get("key", "")), message=str(extra.get("message", "")), code="invalid")


def answer_bug(request: Request[Any, Any, Any], bug: Exception) -> Response[ProblemBody]:
    """Anything else: say nothing of it outside, everything in the log."""
    if isinstance(bug, OSError | TimeoutError):
        log.warning("the platform failed a request", error=repr(bug), request_id=context_of(request.scope).request_id)
        return answer(
            request.scope, Unavailable("A part of the server is not available.", fix="Try again.", retry_after=2)
        )
    log.error("bug", exc_info=bug, request_id=context_of(request.scope).request_id, path=shown_path(request.scope))
    body = problem_body(
        context_of(request.scope),
        status=500,
        code="internal_error",
        detail="The server made a mistake.",
        fix="Try again; if it stays, report the request_id to whoever runs this server.",
    )
    return Response(content=body, status_code=500, media_type=MEDIA_TYPE)
