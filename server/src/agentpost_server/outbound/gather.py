"""Getting a send's files into hand, wherever their bytes are. Each refusal names the attachment it is about.

No transaction is open while bytes are fetched; what all of them weigh is bounded before any is composed.
"""

import base64
import binascii
from collections.abc import Container, Sequence
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit
from uuid import UUID

from agentpost_server.core import ids
from agentpost_server.core.errors import Invalid, NotFound, TooLarge, invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.mail.filenames import default_filename, safe_filename
from agentpost_server.mail.sniff import judge
from agentpost_server.messages import attachments, uploads
from agentpost_server.outbound.egress import open_egress
from agentpost_server.outbound.files import File
from agentpost_server.outbound.model import AttachmentIn
from agentpost_server.outbound.store import submit as store
from agentpost_server.runtime import Runtime
from agentpost_server.web.fetch import FetchLimits, FetchRequest, FetchResponse, check_url, fetch

_FETCH_SECONDS: Final = 15.0
_BASE64_SPACES: Final = str.maketrans("", "", " \t\r\n")


class _Found(NamedTuple):
    """Bytes, and what their source says of them."""

    content: bytes
    filename: str = ""
    mime_type: str | None = None
    inline: bool = False
    content_id: str | None = None


async def gather(
    runtime: Runtime, tenant: Scope, inbox_id: UUID, wanted: Sequence[AttachmentIn], *, known: Container[str] = ()
) -> list[File]:
    """Every file with its bytes, but those whose keys are `known`: the caller has them. Raises TooLarge as soon as they
    are more than may be sent."""
    limit, left = runtime.settings.max_send_octets, runtime.settings.max_send_octets
    files: list[File] = []
    for n, one in enumerate(wanted):
        if one.key is not None and one.key in known:
            continue
        found = await _find(runtime, tenant, inbox_id, f"attachments[{n}]", one, left)
        left -= len(found.content)
        if left < 0:
            raise _too_large(limit)
        files.append(_file(n, one, found))
    return files


async def _find(runtime: Runtime, tenant: Scope, inbox_id: UUID, field: str, one: AttachmentIn, left: int) -> _Found:
    if one.content is not None:
        return _Found(_decoded(one.content, field))
    if one.key is not None:
        return await _uploaded(runtime, tenant, one.key, field)
    if one.url is not None:
        return await _fetched(runtime, one.url, field, left)
    return await _attached(runtime, tenant, inbox_id, one.attachment_id or "", field)


def _decoded(content: str, field: str) -> bytes:
    try:
        return base64.b64decode(content.translate(_BASE64_SPACES), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid_field(f"{field}.content", "is not base64", code="invalid_base64") from error


async def _uploaded(runtime: Runtime, tenant: Scope, key: str, field: str) -> _Found:
    async with runtime.database.transaction(tenant.organization_id) as tx:
        upload = await uploads.find(tx, tenant, key)
    try:
        if upload is None:
            raise NotFound
        content = await attachments.load_bytes(runtime, tenant.organization_id, upload.id)
    except NotFound as missing:
        fix = f"PUT the bytes to the upload_url first; a key is good for {runtime.settings.upload_hours} hours."
        raise invalid_field(f"{field}.key", "names no upload", fix=fix, code="not_found") from missing
    return _Found(content, upload.filename, upload.mime_type)


async def _attached(runtime: Runtime, tenant: Scope, inbox_id: UUID, attachment_id: str, field: str) -> _Found:
    wanted = ids.decode_or_none("att", attachment_id)
    row: Any = None
    if wanted is not None:
        async with runtime.database.transaction(tenant.organization_id) as tx:
            row = await store.find_attachment(tx, tenant, inbox_id, wanted)
    try:
        if row is None:
            raise NotFound
        content = await attachments.load_bytes(runtime, tenant.organization_id, row["id"])
    except NotFound as missing:
        message = "names no attachment of a message in this inbox"
        raise invalid_field(f"{field}.attachment_id", message, code="not_found") from missing
    declared = row["declared_mime_type"] or row["mime_type"]
    return _Found(content, row["filename"], declared, row["disposition"] == "inline", row["content_id"])


async def _fetched(runtime: Runtime, url: str, field: str, left: int) -> _Found:
    """One GET, no redirects, 15 seconds, no more octets than may still be sent."""
    egress = open_egress(runtime)
    check_url(url, egress.policy, field=f"{field}.url")
    request = FetchRequest(
        url=url,
        limits=FetchLimits(total_seconds=_FETCH_SECONDS, answer_bytes=max(left, 1)),
        truncate=False,
        accept_redirect=False,
    )
    try:
        answer = await fetch(egress, request)
    finally:
        egress.close()
    if not isinstance(answer, FetchResponse):
        if answer.error == "too_large":
            raise _too_large(runtime.settings.max_send_octets)
        code = "unsafe_url" if answer.error == "blocked_address" else "fetch_failed"
        raise _unfetched(field, answer.detail, code)
    if answer.status != 200:
        raise _unfetched(field, f"answered {answer.status}", "fetch_failed")
    content_type = next((value for name, value in answer.headers if name == "content-type"), None)
    name = unquote(PurePosixPath(urlsplit(url).path).name)
    return _Found(answer.body, name, content_type.partition(";")[0].strip() if content_type else None)


def _unfetched(field: str, message: str, code: str) -> Invalid:
    problem = invalid_field(f"{field}.url", message, fix="Use a public URL that answers 200 directly.", code=code)
    return (
        problem if code != "unsafe_url" else Invalid(problem.detail, fix=problem.fix, code=code, errors=problem.errors)
    )


def _file(n: int, one: AttachmentIn, found: _Found) -> File:
    """The caller's words first, then the source's, then what the bytes look like."""
    filename = safe_filename(one.filename or found.filename)
    declared = one.mime_type or found.mime_type
    verdict = judge(found.content, declared, filename)
    return File(
        id=ids.new_id(),
        filename=filename or default_filename(verdict.mime_type, n + 1),
        mime_type=verdict.mime_type,
        declared=declared,
        flags=verdict.flags,
        content=found.content,
        inline=one.inline or (found.inline and one.content_id is None),
        content_id=one.content_id or found.content_id,
    )


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The attachments alone are more than the {limit} octets that may be sent.",
        code="message_too_large",
        fix="Send fewer or smaller attachments, or links to them.",
    )
