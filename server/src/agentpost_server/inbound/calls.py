"""Calls that providers make to us: their secret first, then the body, within bounds. None of them brings an API key."""

import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
import structlog
from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from agentpost_server.core.errors import BadRequest, Forbidden, NotFound, TooLarge, Unauthenticated
from agentpost_server.settings import Settings
from agentpost_server.web.body import UnsupportedMediaType
from agentpost_server.web.context import client_ip

_FIELDS: Final = 1000
log = structlog.get_logger("intake")


class FormFile(msgspec.Struct, frozen=True, kw_only=True):
    """A part with a file's name. `name` is the field's."""

    name: str
    filename: str
    media_type: str
    content: bytes


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A form's fields as the bytes they came as (mail has no charset of its own), and its files."""

    fields: Mapping[str, bytes]
    files: tuple[FormFile, ...] = ()

    def text(self, name: str) -> str:
        return self.fields.get(name, b"").decode("utf-8", "replace")


def check_token(given: str, *secrets: str) -> None:
    """`secrets[0]` is the last part of the path. NotFound while any secret of the route is not set: a route that nobody
    can prove to know does not exist. Unauthenticated for a wrong token, told in constant time."""
    if not all(secrets):
        raise NotFound(
            "There is no such path here.", fix="See /docs for the paths of this server.", code="route_not_found"
        )
    if not same(given, secrets[0]):
        raise refused("The token in the path is wrong.")


def same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


def refused(detail: str, *, headers: dict[str, str] | None = None) -> Unauthenticated:
    """The 401 of a provider's door, noted for the operator without the secret."""
    log.warning("provider_call_refused", reason=detail, client_ip=client_ip())
    return Unauthenticated(detail, fix="Compare it with the setting of this server.", headers=headers)


def forbidden(detail: str, fix: str = "Send what the provider sent, unchanged.") -> Forbidden:
    """The 403 of what is authentic in form only."""
    log.warning("provider_call_refused", reason=detail, client_ip=client_ip())
    return Forbidden(detail, fix=fix)


def body_limit(settings: Settings) -> int:
    """Octets of a call that brings mail: in base64, with something around it."""
    return settings.max_receive_octets * 4 // 3 + 1_048_576


async def read_body(request: Request[Any, Any, Any], most: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it is known to be more than `most` octets."""
    announced = request.headers.get("content-length", "0")
    pieces = bytearray()
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > most:
            raise _too_large(most)
    return bytes(pieces)


def refuse_larger(raw: bytes, most: int) -> None:
    """Raises TooLarge: what SMTP would not have taken is not taken here."""
    if len(raw) > most:
        raise TooLarge(
            f"The mail has {len(raw)} octets; {most} are taken.",
            code="message_too_large",
            fix="Raise AGENTPOST_MAX_RECEIVE_OCTETS, or send less.",
        )


def media_type(request: Request[Any, Any, Any]) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def read_json(body: bytes) -> Any:
    """Any JSON value. Raises BadRequest."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}.", fix="Send what the provider sent, unchanged.") from error


def read_form(body: bytes, content_type: str) -> Form:
    """multipart/form-data or application/x-www-form-urlencoded. Raises BadRequest, TooLarge, UnsupportedMediaType."""
    kind, options = parse_options_header(content_type)
    try:
        if kind == "multipart/form-data":
            return _multipart(body, options.get("boundary", ""))
        if kind == "application/x-www-form-urlencoded":
            # An octet a character, and back: the octets of a mail are no text.
            text = body.decode("latin-1")
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS, encoding="latin-1")
            return Form(fields={_utf8(name): value.encode("latin-1") for name, value in pairs})
    except MultipartError as error:
        raise BadRequest(f"The body is not a form: {error}.", fix="Send what the provider sent, unchanged.") from error
    except ValueError as error:
        raise TooLarge(f"A form may have {_FIELDS} fields.", fix="Send fewer fields.") from error
    raise UnsupportedMediaType("The body must be a form or JSON.", fix="Send what the provider sends.")


def _multipart(body: bytes, boundary: str) -> Form:
    fields: dict[str, bytes] = {}
    files: list[FormFile] = []
    part: MultipartSegment | None = None
    content = bytearray()
    with PushMultipartParser(boundary, max_segment_count=_FIELDS, header_charset="latin-1") as parser:
        for event in (*parser.parse(body), *(() if parser.closed else parser.parse(b""))):
            if isinstance(event, MultipartSegment):
                part, content = event, bytearray()
            elif event is not None:
                content += event
            elif part is not None:
                _add(part, bytes(content), fields, files)
    return Form(fields=fields, files=tuple(files))


def _add(part: MultipartSegment, content: bytes, fields: dict[str, bytes], files: list[FormFile]) -> None:
    name = _utf8(part.name or "")
    if part.filename is None:
        fields.setdefault(name, content)
        return
    files.append(
        FormFile(name=name, filename=_utf8(part.filename), media_type=part.content_type or "", content=content)
    )


def _utf8(text: str) -> str:
    """Header octets were kept one a character; senders write UTF-8 in them."""
    return text.encode("latin-1", "replace").decode("utf-8", "replace")


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The body is larger than {most} octets.", fix="Raise AGENTPOST_MAX_RECEIVE_OCTETS, or send less.")
