"""The door that approval mails lead to. No key: the sealed token says who is asked about what. Who looks (GET, HEAD)
changes nothing; who presses a button sends the form's own seal along."""

from typing import Any, Final
from urllib.parse import parse_qs

from litestar import HttpMethod, MediaType, Request, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from agentpost_server.accounts import needs
from agentpost_server.accounts.scopes import PUBLIC
from agentpost_server.core.errors import NotFound, Problem
from agentpost_server.outbound.holding import answering, link, page
from agentpost_server.runtime import Runtime

_FORM_OCTETS: Final = 32_768


@route(
    "/approve/{token:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    opt=needs(PUBLIC),
    tags=["approval"],
    summary="Show a mail that waits",
    include_in_schema=False,
    status_code=200,
)
async def show_held_mail(runtime: NamedDependency[Runtime], token: FromPath[str]) -> Response[str]:
    """What it says, with two buttons; 410 with what was decided, when somebody has."""
    try:
        asked = link.read(runtime.keyring, token)
        return _answer(await answering.show(runtime, asked))
    except NotFound:
        return _nowhere()


@post(
    "/approve/{token:str}",
    opt=needs(PUBLIC),
    tags=["approval"],
    summary="Decide about a mail that waits",
    include_in_schema=False,
    status_code=200,
)
async def decide_held_mail(
    request: Request[Any, Any, Any], runtime: NamedDependency[Runtime], token: FromPath[str]
) -> Response[str]:
    """By the page's buttons."""
    try:
        asked = link.read(runtime.keyring, token)
        form = _form(await request.body())
        return _answer(await answering.decide(runtime, asked, form))
    except NotFound:
        return _nowhere()
    except Problem as refused:
        told = page.tell("This cannot be done now", f"{refused.detail} {refused.fix}")
        return _answer(answering.Answer(status=refused.status, page=told))


def _form(body: bytes) -> dict[str, str]:
    if len(body) > _FORM_OCTETS:
        return {}
    try:
        return {name: values[0] for name, values in parse_qs(body.decode(), max_num_fields=20).items()}
    except ValueError:
        return {}


def _nowhere() -> Response[str]:
    told = page.tell("This link does not lead anywhere", "Use the whole link of the mail.")
    return _answer(answering.Answer(status=404, page=told))


def _answer(answer: answering.Answer) -> Response[str]:
    return Response(content=answer.page, status_code=answer.status, media_type=MediaType.HTML, headers=page.HEADERS)


ROOT_ROUTES: list[Any] = [show_held_mail, decide_held_mail]
