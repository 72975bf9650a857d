"""Reads `openapi.json` into what the writers need: resources with their methods, and the models that travel.

What the document holds and this does not know stops the generator: a client must never guess.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from kinds import Kind, kind_of, models_in
from names import NAMES, NO_CALLS, RENAMED

_PREFIX: Final = "/api/v1"
_VERBS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a model, or a parameter of a method. `name` is the wire's; `required`: it is always there."""

    name: str
    called: str
    """What a parameter is called in the SDKs."""
    kind: Kind
    required: bool
    doc: str


@dataclass(frozen=True, kw_only=True)
class Model:
    name: str
    doc: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class Method:
    """One call. `answer` is a model's name, or `bytes`, `text` or `none`; `paged`: it answers pages of that model."""

    operation: str
    resource: str
    name: str
    http: str
    path: str
    summary: str
    doc: str
    in_path: tuple[str, ...]
    query: tuple[Field, ...]
    body: tuple[Field, ...]
    has_body: bool
    answer: str
    paged: bool
    in_environment: bool
    idempotent: bool
    optional_path: "Method | None" = None
    """The same method without its path parameter: the list of all instead of one inbox's."""


@dataclass(frozen=True, kw_only=True)
class Api:
    resources: dict[str, list[Method]]
    answered: dict[str, Model]
    """Models that answers hold, by name."""
    asked: dict[str, Model]
    """Models that stand within request bodies, by name."""
    homes: dict[str, str] = field(default_factory=dict[str, str])
    """The resource whose file an answered model stands in."""


def read(document: dict[str, Any]) -> Api:
    methods = list(_methods(document))
    unknown = set(NAMES) - {one.operation for one in methods}
    if unknown:
        raise SystemExit(f"names.py names operations that openapi.json does not have: {sorted(unknown)}")
    resources: dict[str, list[Method]] = {}
    for method in _merged(methods):
        resources.setdefault(method.resource, []).append(method)
    models = {_short(name): _model(_short(name), schema) for name, schema in document["components"]["schemas"].items()}
    answered, homes = _answered(resources, models)
    asked = _reachable({name for one in methods for each in one.body for name in models_in(each.kind)}, models)
    return Api(resources=dict(sorted(resources.items())), answered=answered, asked=asked, homes=homes)


def _methods(document: dict[str, Any]) -> Iterator[Method]:
    for path, operations in document["paths"].items():
        for http in _VERBS:
            if (operation := operations.get(http)) is None or operation["operationId"] in NO_CALLS:
                continue
            yield _method(document, path, http, operation)


def _method(document: dict[str, Any], path: str, http: str, operation: dict[str, Any]) -> Method:
    name = operation["operationId"]
    if name not in NAMES:
        raise SystemExit(f"{name} has no name in sdks/generate/names.py (or a reason there to have none)")
    resource, method = NAMES[name].split(".")
    headers = {one["$ref"].rsplit("/", 1)[1] for one in operation.get("parameters", ()) if "$ref" in one}
    answer, paged = _answer(operation)
    body = _body(document, operation)
    taken = {one.name for one in body}
    return Method(
        operation=name,
        resource=resource,
        name=method,
        http=http.upper(),
        path=path.removeprefix(_PREFIX),
        summary=operation["summary"],
        doc=operation.get("description", ""),
        in_path=tuple(re.findall(r"\{(\w+)\}", path)),
        # Labels may also stand in the query, for clients that cannot send a body with DELETE.
        query=tuple(one for one in _query(operation) if one.name not in taken),
        body=body,
        has_body="requestBody" in operation,
        answer=answer,
        paged=paged,
        in_environment="Environment" in headers,
        idempotent="IdempotencyKey" in headers,
    )


def _query(operation: dict[str, Any]) -> Iterator[Field]:
    for one in operation.get("parameters", ()):
        if one.get("in") == "query":
            yield Field(
                name=one["name"],
                called=RENAMED.get((operation["operationId"], one["name"])) or str(one["name"]),
                kind=kind_of(one["schema"]),
                required=one["required"],
                doc=one.get("description", ""),
            )


def _body(document: dict[str, Any], operation: dict[str, Any]) -> tuple[Field, ...]:
    if "requestBody" not in operation:
        return ()
    (content,) = operation["requestBody"]["content"].values()
    name = content["schema"]["$ref"].rsplit("/", 1)[1]
    return _model(name, document["components"]["schemas"][name]).fields


def _answer(operation: dict[str, Any]) -> tuple[str, bool]:
    (answer,) = (value for code, value in operation["responses"].items() if code.startswith("2"))
    if not (content := answer.get("content")):
        return "none", False
    ((media_type, value),) = content.items()
    if media_type != "application/json":
        return "bytes", False
    if value["schema"] == {"type": "string"}:
        return "text", False
    name = value["schema"]["$ref"].rsplit("/", 1)[1]
    paged = name.startswith("Page_")
    return _short(name.removeprefix("Page_").removesuffix("_") if paged else name), paged


def _merged(methods: list[Method]) -> Iterator[Method]:
    by_name: dict[str, list[Method]] = {}
    for method in methods:
        by_name.setdefault(f"{method.resource}.{method.name}", []).append(method)
    for name, same in by_name.items():
        if len(same) == 1:
            yield same[0]
            continue
        without, within = sorted(same, key=lambda one: len(one.in_path))
        if (without.in_path, within.query, within.answer) != ((), without.query, without.answer):
            raise SystemExit(f"{name}: two operations that are not one method")
        yield replace(within, optional_path=without)


def _model(name: str, schema: dict[str, Any]) -> Model:
    required = schema.get("required", ())
    fields = [
        Field(name=key, called=key, kind=kind_of(value), required=key in required, doc=value.get("description", ""))
        for key, value in schema["properties"].items()
    ]
    return Model(name=name, doc=schema.get("description", ""), fields=tuple(fields))


def _answered(resources: dict[str, list[Method]], models: dict[str, Model]) -> tuple[dict[str, Model], dict[str, str]]:
    """Every model that an answer holds, and its home: the resource that gets it, else the first with it."""
    answered: dict[str, Model] = {}
    homes: dict[str, str] = {}
    everything = [one for _, methods in sorted(resources.items()) for one in methods if one.answer in models]
    for choose in (_is_get, _is_any):
        for method in filter(choose, everything):
            answered.setdefault(method.answer, models[method.answer])
            homes.setdefault(method.answer, method.resource)
    for root, home in list(homes.items()):
        for name, model in _reachable({root}, models).items():
            answered.setdefault(name, model)
            homes.setdefault(name, home)
    return answered, homes


def _is_get(method: Method) -> bool:
    return method.name == "get"


def _is_any(_: Method) -> bool:
    return True


def _reachable(roots: set[str], models: dict[str, Model]) -> dict[str, Model]:
    found: dict[str, Model] = {}
    waiting = sorted(roots)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = models[name]
            waiting.extend(inner for one in models[name].fields for inner in models_in(one.kind))
    return found


def _short(name: str) -> str:
    return name.rsplit(".", 1)[-1]
