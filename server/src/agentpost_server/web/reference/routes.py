"""The doors of the reference: the document, the page, the error catalogue. Public, rendered once."""

from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get

from agentpost_server.web.reference.errors import render_errors
from agentpost_server.web.reference.page import render_front, render_page

_PUBLIC = {"scope": "public"}
_PAGE_POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
}


class Reference:
    """The rendered pages of one application."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.json = msgspec.json.encode(document)
        self.page = render_page(document)
        self.errors = render_errors()
        self.front = render_front(document["info"]["version"])


@get("/openapi.json", opt=_PUBLIC, tags=["reference"], summary="This document")
async def get_openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    reference: Reference = request.app.state.reference
    return Response(content=reference.json, media_type=MediaType.JSON)


@get("/docs", opt=_PUBLIC, include_in_schema=False)
async def get_docs(request: Request[Any, Any, Any]) -> Response[str]:
    reference: Reference = request.app.state.reference
    return Response(content=reference.page, media_type=MediaType.HTML, headers=_PAGE_POLICY)


@get("/docs/errors", opt=_PUBLIC, include_in_schema=False)
async def get_docs_errors(request: Request[Any, Any, Any]) -> Response[str]:
    reference: Reference = request.app.state.reference
    return Response(content=reference.errors, media_type=MediaType.HTML, headers=_PAGE_POLICY)


@get("/", opt=_PUBLIC, include_in_schema=False)
async def get_front(request: Request[Any, Any, Any]) -> Response[str]:
    """What a browser finds at the address that `up` prints, until there is a console."""
    reference: Reference = request.app.state.reference
    return Response(content=reference.front, media_type=MediaType.HTML, headers=_PAGE_POLICY)


API_ROUTES = [get_openapi]
PAGE_ROUTES = [get_front, get_docs, get_docs_errors]
