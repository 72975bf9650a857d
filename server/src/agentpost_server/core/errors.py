"""One tree for everything that can be wrong with a request. Each door renders it: HTTP as problem+json, SMTP as a
reply.

    Problem                       status  code                       (SMTP)
    ├── BadRequest                400     invalid_json, invalid_page_token, environment_required, …
    ├── Unauthenticated           401     unauthenticated, invalid_key, key_expired, key_revoked
    ├── Forbidden                 403     missing_scope, forbidden, inbox_paused, domain_not_verified, …
    ├── NotFound                  404     not_found, route_not_found
    ├── Conflict                  409     conflict, idempotency_in_progress, revision_conflict, already_decided
    ├── Gone                      410     event_expired
    ├── TooLarge                  413     message_too_large, body_too_large        (552 5.3.4)
    ├── Invalid                   422     validation_failed, unsafe_url, all_recipients_suppressed, …
    ├── RateLimited               429     rate_limited, daily_limit_reached, send_cap_reached
    └── Unavailable               503     unavailable                               (451 4.3.0)

Anything that is not a Problem is a bug: 500 `internal_error`, traceback in the log, nothing in the answer.
"""

from typing import ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one field; `field` is a path such as `to[0].email`."""

    field: str
    message: str
    code: str = "invalid"


class Problem(Exception):
    """A request cannot be served, and the caller can do something about it."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"
    smtp: ClassVar[str] = "451 4.3.0"

    def __init__(
        self,
        detail: str,
        *,
        fix: str,
        code: str | None = None,
        errors: tuple[FieldError, ...] = (),
        retry_after: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix
        self.code = code or self.default_code
        self.errors = errors
        self.retry_after = retry_after
        self.headers = headers or {}

    @property
    def title(self) -> str:
        return self.code.replace("_", " ").capitalize()


class BadRequest(Problem):
    status = 400
    default_code = "invalid_json"
    smtp = "501 5.5.4"


class Unauthenticated(Problem):
    status = 401
    default_code = "unauthenticated"
    smtp = "535 5.7.8"


class Forbidden(Problem):
    status = 403
    default_code = "forbidden"
    smtp = "550 5.7.1"


class NotFound(Problem):
    """Nothing here by that name for this caller: another tenant's things and things that never were look the same."""

    status = 404
    default_code = "not_found"
    smtp = "550 5.1.1"

    def __init__(
        self, detail: str = "There is no such resource here.", *, fix: str | None = None, code: str | None = None
    ):
        super().__init__(
            detail, fix=fix or "Check the id, and that the key may use its environment and inbox.", code=code
        )


class Conflict(Problem):
    status = 409
    default_code = "conflict"
    smtp = "450 4.3.0"


class Gone(Problem):
    status = 410
    default_code = "event_expired"


class TooLarge(Problem):
    status = 413
    default_code = "body_too_large"
    smtp = "552 5.3.4"


class Invalid(Problem):
    status = 422
    default_code = "validation_failed"
    smtp = "550 5.6.0"


class RateLimited(Problem):
    status = 429
    default_code = "rate_limited"
    smtp = "452 4.7.1"


class Unavailable(Problem):
    status = 503
    default_code = "unavailable"
    smtp = "451 4.3.0"


def invalid_field(field: str, message: str, *, fix: str | None = None, code: str = "invalid") -> Invalid:
    """The 422 of one wrong field."""
    return Invalid(
        f"{field}: {message}",
        fix=fix or f"Correct {field} and send the request again.",
        errors=(FieldError(field=field, message=message, code=code),),
    )
