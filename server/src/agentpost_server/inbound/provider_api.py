"""The providers' doors: no API key, each with its own provider's authentication. A 200 is said after our commit."""

from typing import Any, Final

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from agentpost_server.accounts.scopes import PUBLIC
from agentpost_server.core.errors import BadRequest, Forbidden
from agentpost_server.inbound.calls import body_limit, check_token, log, media_type, read_body
from agentpost_server.inbound.intake import Intake
from agentpost_server.inbound.mailgun import door as mailgun
from agentpost_server.inbound.postmark import door as postmark
from agentpost_server.inbound.sendgrid import door as sendgrid
from agentpost_server.inbound.ses.notification import handle
from agentpost_server.runtime import Runtime
from agentpost_server.web.context import client_ip

_SNS_OCTETS: Final = 1_048_576
# SendGrid gathers events up to 768 KB, Mailgun posts one.
_EVENT_OCTETS: Final = 4 * 1_048_576
_OPT: Final = {"scope": PUBLIC}


@post(
    "/inbound/ses/{token:str}",
    opt=_OPT,
    tags=["providers"],
    summary="Take what SES tells by SNS",
    status_code=200,
    request_max_body_size=None,
)
async def take_ses(
    request: Request[Any, Any, Any], runtime: NamedDependency[Runtime], token: FromPath[str]
) -> Response[bytes]:
    """For an HTTPS subscription of a topic in `AGENTPOST_SES_TOPICS`, raw delivery off. SNS's own authentication: the
    token in the path and the message's signature. Subscriptions are confirmed through the API of SNS."""
    check_token(token, runtime.settings.ses_inbound_token)
    body = await read_body(request, _SNS_OCTETS)
    try:
        await handle(_intake(request), body, by_http=True)
    except (Forbidden, BadRequest) as problem:
        log.warning("provider_call_refused", reason=problem.detail, client_ip=client_ip())
        raise
    return _ok()


@post(
    "/inbound/sendgrid/{token:str}",
    opt=_OPT,
    tags=["providers"],
    summary="Take what SendGrid posts",
    status_code=200,
    request_max_body_size=None,
)
async def take_sendgrid(
    request: Request[Any, Any, Any], runtime: NamedDependency[Runtime], token: FromPath[str]
) -> Response[bytes]:
    """Inbound Parse posts a form, the Event Webhook JSON. SendGrid's own authentication: the token in the path, and for
    events its signature."""
    check_token(token, runtime.settings.sendgrid_inbound_token)
    intake = _intake(request)
    if media_type(request) == "application/json":
        check_token(token, runtime.settings.sendgrid_inbound_token, runtime.settings.sendgrid_webhook_key)
        await sendgrid.take_events(intake, await read_body(request, _EVENT_OCTETS), request.headers)
    else:
        await sendgrid.take_mail(intake, await read_body(request, body_limit(runtime.settings)), request.headers)
    return _ok()


@post(
    "/inbound/postmark/{token:str}",
    opt=_OPT,
    tags=["providers"],
    summary="Take what Postmark posts",
    status_code=200,
    request_max_body_size=None,
)
async def take_postmark(
    request: Request[Any, Any, Any], runtime: NamedDependency[Runtime], token: FromPath[str]
) -> Response[bytes]:
    """Inbound mail and the other webhooks, as JSON. Postmark's own authentication: the token in the path, and Basic."""
    settings = runtime.settings
    check_token(token, settings.postmark_inbound_token, settings.postmark_webhook_password)
    postmark.check_password(request.headers.get("authorization", ""), settings.postmark_webhook_password)
    await postmark.take(_intake(request), await read_body(request, body_limit(settings)))
    return _ok()


@post(
    "/inbound/mailgun/{token:str}",
    opt=_OPT,
    tags=["providers"],
    summary="Take what Mailgun posts",
    status_code=200,
    request_max_body_size=None,
)
async def take_mailgun(
    request: Request[Any, Any, Any], runtime: NamedDependency[Runtime], token: FromPath[str]
) -> Response[bytes]:
    """A route posts a form (the mail itself when the token ends with `mime`), webhooks post JSON. Mailgun's own
    authentication: the token in the path and its signature, whose token is good once."""
    check_token(token, runtime.settings.mailgun_inbound_token, runtime.settings.mailgun_signing_key)
    if media_type(request) == "application/json":
        await mailgun.take_events(_intake(request), await read_body(request, _EVENT_OCTETS))
    else:
        body = await read_body(request, body_limit(runtime.settings))
        await mailgun.take_mail(_intake(request), body, request.headers)
    return _ok()


def _intake(request: Request[Any, Any, Any]) -> Intake:
    return request.app.state.intake


def _ok() -> Response[bytes]:
    """Some of them send again whatever was not answered by exactly 200."""
    return Response(content=b"", status_code=200)


ROUTES = [take_ses, take_sendgrid, take_postmark, take_mailgun]
