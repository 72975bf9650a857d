"""The few kinds of values that the API's schemas are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_PLAIN: Final = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "null": "null"}


@dataclass(frozen=True)
class Plain:
    """`string`, `integer`, `number`, `boolean`, `null`, `moment` (RFC 3339), `octets` (base64) or `any`."""

    name: str


@dataclass(frozen=True)
class Ref:
    model: str


@dataclass(frozen=True)
class Words:
    values: tuple[str, ...]


@dataclass(frozen=True)
class ListOf:
    item: "Kind"


@dataclass(frozen=True)
class MapOf:
    value: "Kind"


@dataclass(frozen=True)
class OneOf:
    options: tuple["Kind", ...]


Kind = Plain | Ref | Words | ListOf | MapOf | OneOf


def kind_of(schema: dict[str, Any]) -> Kind:
    """Raises SystemExit for a schema of no known kind."""
    if "$ref" in schema:
        return Ref(schema["$ref"].rsplit("/", 1)[1].rsplit(".", 1)[-1])
    if "enum" in schema:
        return Words(tuple(schema["enum"]))
    if "anyOf" in schema:
        return OneOf(tuple(kind_of(one) for one in schema["anyOf"]))
    match schema.get("type"):
        case None:
            return Plain("any")
        case "array":
            return ListOf(kind_of(schema["items"]))
        case "object":
            inner: dict[str, Any] | None = schema.get("additionalProperties")
            return MapOf(kind_of(inner) if inner else Plain("any"))
        case "string" if schema.get("format") == "date-time":
            return Plain("moment")
        case "string" if schema.get("contentEncoding") == "base64":
            return Plain("octets")
        case str(name) if name in _PLAIN:
            return Plain(name)
        case other:
            raise SystemExit(f"a schema of the unknown kind {other}: {schema}")


def models_in(kind: Kind) -> Iterator[str]:
    match kind:
        case Ref(model):
            yield model
        case ListOf(inner) | MapOf(inner):
            yield from models_in(inner)
        case OneOf(options):
            for one in options:
                yield from models_in(one)
        case _:
            return


def without_null(kind: Kind) -> tuple[Kind, bool]:
    """The kind, and whether null is allowed beside it."""
    if not isinstance(kind, OneOf) or Plain("null") not in kind.options:
        return kind, False
    rest = tuple(one for one in kind.options if one != Plain("null"))
    return (rest[0] if len(rest) == 1 else OneOf(rest)), True
