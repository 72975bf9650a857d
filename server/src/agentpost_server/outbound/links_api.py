"""The doors that links in mails lead to. No key: the signed token says whom and what it is about."""

from typing import Any

from litestar import HttpMethod, MediaType, Request, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from agentpost_server.accounts import needs
from agentpost_server.accounts.scopes import PUBLIC
from agentpost_server.outbound import opens, unsubscribe, unsubscribe_page
from agentpost_server.runtime import Runtime

_READ = [HttpMethod.GET, HttpMethod.HEAD]


@route(
    "/u/{token:str}",
    http_method=_READ,
    opt=needs(PUBLIC),
    tags=["suppressions"],
    summary="Ask whether to unsubscribe",
    include_in_schema=False,
    status_code=200,
)
async def show_unsubscribe(runtime: NamedDependency[Runtime], token: FromPath[str]) -> Response[str]:
    """A page with a button. Looking at it changes nothing."""
    who = unsubscribe.read(runtime.keyring, token)
    return _page(unsubscribe_page.ask(who.email))


@post(
    "/u/{token:str}",
    opt=needs(PUBLIC),
    tags=["suppressions"],
    summary="Unsubscribe",
    include_in_schema=False,
    status_code=200,
)
async def do_unsubscribe(runtime: NamedDependency[Runtime], token: FromPath[str]) -> Response[str]:
    """By the page's button, or by a mail program's own (RFC 8058); the body is not looked at."""
    who = unsubscribe.read(runtime.keyring, token)
    await unsubscribe.unsubscribe(runtime, who)
    return _page(unsubscribe_page.done(who.email))


@route(
    "/o/{token:str}",
    http_method=_READ,
    opt=needs(PUBLIC),
    tags=["messages"],
    summary="The picture that tells of an open",
    include_in_schema=False,
    status_code=200,
)
async def get_pixel(
    request: Request[Any, Any, Any], runtime: NamedDependency[Runtime], token: FromPath[str]
) -> Response[bytes]:
    """One transparent pixel, whatever became of the mail."""
    organization_id, message_id = opens.read(runtime.keyring, token)
    if request.method == HttpMethod.GET:
        await opens.note(runtime, organization_id, message_id)
    return Response(content=opens.PIXEL, media_type="image/gif", headers={"Cache-Control": "no-store, private"})


def _page(content: str) -> Response[str]:
    return Response(content=content, media_type=MediaType.HTML, headers=unsubscribe_page.HEADERS)


ROOT_ROUTES = [show_unsubscribe, do_unsubscribe, get_pixel]
