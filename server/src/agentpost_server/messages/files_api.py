"""The doors of bytes: raw mail, attachments, uploads, and the signed links that need no key."""

from typing import Annotated, Any

from litestar import HttpMethod, Request, Response, get, post, put, route
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from agentpost_server.accounts import needs
from agentpost_server.accounts.scopes import PUBLIC
from agentpost_server.core import ids
from agentpost_server.core.content_disposition import content_disposition
from agentpost_server.core.scope import Scope
from agentpost_server.messages import attachments, file_text, raw, uploads
from agentpost_server.messages.model import Attachment, AttachmentText, NewUpload, UploadUrl
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect

Original = Annotated[bool, QueryParameter(description="The bytes as received, without the lines that we put on top.")]
FromPage = Annotated[int, QueryParameter(ge=1, le=1_000_000, description="The first page wanted.")]
MaxChars = Annotated[int, QueryParameter(ge=1, le=100_000, description="How many characters the answer may have.")]
FromCharacter = Annotated[
    int, QueryParameter(ge=0, le=100_000_000, description="How many characters of the first page to leave out.")
]
_READ = [HttpMethod.GET, HttpMethod.HEAD]


@route(
    "/messages/{message_id:str}/raw",
    http_method=_READ,
    opt={**needs("messages:read"), "media_type": "message/rfc822"},
    tags=["messages"],
    summary="Get the mail itself",
    status_code=200,
)
async def get_raw_message(
    request: Request[Any, Any, Any],
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    message_id: FromPath[str],
    original: Original = False,
) -> Response[Any]:
    """RFC 5322, as received, below our Return-Path, Received and Authentication-Results; forged ones are left out."""
    wanted = ids.decode("msg", message_id)
    pieces = await raw.open_raw(runtime, tenant, wanted, original=original)
    headers = {
        "Content-Disposition": content_disposition(f"{ids.encode('msg', wanted)}.eml"),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if request.method == HttpMethod.HEAD:
        return Response(content=b"", media_type="message/rfc822", headers=headers)
    return Stream(pieces, media_type="message/rfc822", headers=headers)


@post(
    "/attachments/upload-url",
    opt=needs("attachments:write"),
    dto=StrictBody[NewUpload],
    tags=["attachments"],
    summary="Get a URL to upload a file to",
    status_code=201,
)
async def create_upload_url(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    data: JSONBody[NewUpload],
) -> Response[UploadUrl]:
    """PUT exactly the announced bytes there, then send with `{"key": …}`. Unused ones go after `upload_hours`."""
    return await effect(lambda tx: uploads.prepare(runtime, tx, tenant, data), status=201)


@get(
    "/attachments/{attachment_id:str}",
    opt=needs("attachments:read"),
    tags=["attachments"],
    summary="Get an attachment",
)
async def get_attachment(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], attachment_id: FromPath[str]
) -> Attachment:
    """What it is, and a link to its bytes that needs no key and ends at `download_url_expires_at`."""
    return await attachments.get(runtime, tenant, ids.decode("att", attachment_id))


@get(
    "/attachments/{attachment_id:str}/text",
    opt=needs("attachments:read"),
    tags=["attachments"],
    summary="Get the text of an attachment",
)
async def get_attachment_text(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    attachment_id: FromPath[str],
    page: FromPage = 1,
    max_chars: MaxChars = 20_000,
    offset: FromCharacter = 0,
) -> AttachmentText:
    """Whole pages from `page` on while they fit into `max_chars`; go on at `next_page`. A page that alone is longer is
    cut, and goes on at its `next_offset`. Files are read behind the message: until then `text_status` is `pending`."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await file_text.pages(
            tx, tenant, ids.decode("att", attachment_id), page=page, offset=offset, most_characters=max_chars
        )


@route(
    "/files/{token:str}",
    http_method=_READ,
    opt={**needs(PUBLIC), "media_type": "application/octet-stream"},
    tags=["attachments"],
    summary="Download by a signed link",
    status_code=200,
)
async def download_file(
    request: Request[Any, Any, Any], runtime: NamedDependency[Runtime], token: FromPath[str]
) -> Response[Any]:
    """Always as a file to save, never as a page to show."""
    found = await attachments.open_download(runtime, token)
    if request.method == HttpMethod.HEAD:
        return Response(content=b"", media_type=found.media_type, headers=found.headers)
    return Stream(found.pieces, media_type=found.media_type, headers=found.headers)


@put(
    "/files/{token:str}",
    opt=needs(PUBLIC),
    tags=["attachments"],
    summary="Upload by a signed link",
    status_code=200,
)
async def upload_file(
    request: Request[Any, Any, Any], runtime: NamedDependency[Runtime], token: FromPath[str]
) -> Response[None]:
    """The bytes as they are, no form around them."""
    await uploads.receive(runtime, token, request.stream())
    return Response(content=None, status_code=200)


ROUTES = [get_raw_message, create_upload_url, get_attachment, get_attachment_text]
ROOT_ROUTES = [download_file, upload_file]
