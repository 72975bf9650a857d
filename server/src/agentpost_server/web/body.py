"""Strict bodies: JSON exactly as the Struct says, decoded once, straight into it.

Unknown fields, wrong types and out-of-range values are 422 with the field's path; what is not JSON, or names a key
twice, is 400; another Content-Type is 415. Nothing is coerced.
"""

import json
import re
from collections.abc import Generator
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec
from litestar.connection import ASGIConnection, Request
from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.typing import FieldDefinition

from agentpost_server.core.errors import BadRequest, FieldError, Invalid, Problem, invalid_field

T = TypeVar("T")
_PATH = re.compile(r" - at `\$?\.?(?P<path>[^`]*)`\Z")


class UnsupportedMediaType(Problem):
    status = 415
    default_code = "unsupported_media_type"


@lru_cache(maxsize=512)
def _decoder(model: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(model)


def decode_strictly(raw: bytes, model: type[T], content_type: str) -> T:
    """The Struct that `raw` holds."""
    if content_type.partition(";")[0].strip().lower() not in ("application/json", "") or (raw and not content_type):
        raise UnsupportedMediaType("The body must be application/json.", fix="Set Content-Type: application/json.")
    try:
        value: T = _decoder(model).decode(raw or b"{}")
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}.", fix="Send one JSON object in UTF-8.") from error
    _refuse_repeated_keys(raw)
    if rb"\u0000" in raw:
        _refuse_nul(json.loads(raw), "")
    return value


def _invalid(message: str) -> Invalid:
    found = _PATH.search(message)
    path = found["path"] if found else ""
    text = message[: found.start()] if found else message
    if text.startswith("Object contains unknown field `"):
        name = text.split("`")[1]
        path = f"{path}.{name}" if path else name
        text = "there is no such field"
    elif text.startswith("Object missing required field `"):
        name = text.split("`")[1]
        path = f"{path}.{name}" if path else name
        text = "is required"
    field = path.replace("[...]", "[]")
    return Invalid(
        f"{field}: {text}" if field else text,
        fix="Correct the named field and send the request again.",
        errors=(FieldError(field=field, message=text),),
    )


def _refuse_repeated_keys(raw: bytes) -> None:
    """msgspec takes the last of two equal keys; a proxy or a filter may have read the first."""
    if raw.count(b'":') + raw.count(b'" :') < 2 and raw.count(b":") < 2:
        return
    try:
        json.loads(raw, object_pairs_hook=_no_repeats)
    except _Repeated as repeated:
        raise BadRequest(f"The key {repeated} stands twice in one object.", fix="Send every key once.") from repeated
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not JSON.", fix="Send one JSON object in UTF-8.") from error


def _refuse_nul(value: Any, path: str) -> None:
    """PostgreSQL's text cannot hold NUL, and no field of ours means anything by one."""
    if isinstance(value, str) and "\x00" in value:
        raise invalid_field(path, "must not hold NUL")
    if isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            _refuse_nul(name, path)
            _refuse_nul(inner, f"{path}.{name}".strip("."))
    elif isinstance(value, list):
        for number, inner in enumerate(cast("list[Any]", value)):
            _refuse_nul(inner, f"{path}[{number}]")


class _Repeated(Exception):
    pass


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _Repeated(json.dumps(name))
            seen.add(name)
    return found


# Stands for a body that was not sent. The framework asks no decoder about an empty one; ours means `{}` by it.
_NOTHING = b" {} "


class JsonRequest(Request[Any, Any, Any]):
    """A request whose missing body means that nothing is given: `curl -X POST …/pause` works as it looks."""

    async def body(self) -> bytes:
        sent = await super().body()
        strict = self.route_handler.resolve_data_dto() is not None  # pyright: ignore[reportUnknownMemberType]
        return _NOTHING if strict and not sent else sent


class StrictBody(AbstractDTO[T]):
    """`dto=StrictBody[CreateInbox]` on a handler: its `data` is decoded by `decode_strictly`."""

    def decode_bytes(self, value: bytes) -> Any:
        connection = cast("ASGIConnection[Any, Any, Any, Any]", self.asgi_connection)  # pyright: ignore[reportUnknownMemberType]
        if value is _NOTHING:
            return decode_strictly(b"", self.model_type, "")
        content_type = connection.headers.get("content-type", "")
        return decode_strictly(value, self.model_type, content_type)

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """No transfer model: the Struct itself is the model."""

    @classmethod
    def create_openapi_schema(cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any) -> Any:
        return schema_creator.for_field_definition(
            FieldDefinition.from_annotation(
                field_definition.annotation, kwarg_definition=field_definition.kwarg_definition
            )
        )

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        return False
