"""The document and the pages that explain it are served by the server itself and need nobody else."""

import re

import httpx2 as httpx

from agentpost_server.app import openapi_document
from agentpost_server.web.reference.errors import ERROR_CODES
from harness import Server, client

_OUTSIDE = re.compile(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//|@import|url\(""", re.IGNORECASE)


async def _page(server: Server, path: str) -> httpx.Response:
    async with client(server, None) as nobody:
        answer = await nobody.get(server.url + path)
    assert answer.status_code == 200, path
    return answer


async def test_the_document_is_openapi_3_1_and_needs_no_key(server: Server) -> None:
    document = (await _page(server, "/api/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1.")
    assert document["paths"].keys() == openapi_document()["paths"].keys()
    assert document["components"]["securitySchemes"]


async def test_the_reference_works_offline_and_names_every_operation(server: Server) -> None:
    answer = await _page(server, "/docs")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert not _OUTSIDE.search(answer.text)
    for path in openapi_document()["paths"]:
        assert path.removeprefix("/api/v1") in answer.text, path


async def test_every_error_has_its_place_on_the_page_that_its_type_names(server: Server) -> None:
    answer = await _page(server, "/docs/errors")
    assert not _OUTSIDE.search(answer.text)
    for code in ERROR_CODES:
        assert f'id="{code}"' in answer.text, code
