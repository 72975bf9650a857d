"""What a handler says of itself: path, method, parameters, body, answer, scope. Read from its signature, so that the
document cannot say what the code does not do."""

import inspect
import re
import typing
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Any, get_args, get_origin

import msgspec
from litestar import HttpMethod, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg

_PATH_PARAMETER = re.compile(r"\{(\w+):\w+\}")
_LIST_PARAMETERS = ("limit", "page_token", "ascending")


class QueryParameterOf(msgspec.Struct, frozen=True):
    """One parameter of the query string. `type` is a Python type that msgspec can describe."""

    name: str
    type: Any
    required: bool
    default: Any
    description: str | None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path."""

    path: str
    method: str
    name: str
    summary: str
    description: str
    tag: str
    scope: str
    status: int
    path_parameters: tuple[str, ...]
    query: tuple[QueryParameterOf, ...]
    body: Any
    answer: Any
    injected: frozenset[str]
    media_type: str


def operations(prefix: str, routes: Sequence[Any], list_provider: Any) -> Iterator[Operation]:
    """Every operation of the given route handlers, in their order."""
    for handler in routes:
        if isinstance(handler, HTTPRouteHandler):
            yield from _of_handler(prefix, handler, list_provider)


def _of_handler(prefix: str, handler: HTTPRouteHandler, list_provider: Any) -> Iterator[Operation]:
    function: Any = handler.fn
    signature = inspect.signature(function)
    for path in sorted(handler.paths):
        if path in ("", "/") and len(handler.paths) > 1:
            continue
        relative = path.removeprefix(prefix)
        names = tuple(_PATH_PARAMETER.findall(relative))
        for method in sorted(handler.http_methods):
            if method == HttpMethod.HEAD:
                continue
            yield Operation(
                path=prefix + _PATH_PARAMETER.sub(r"{\1}", relative),
                method=str(method).lower(),
                name=function.__name__,
                summary=handler.summary or function.__name__.replace("_", " ").capitalize(),
                description=inspect.cleandoc(function.__doc__ or ""),
                tag=next(iter(handler.tags or ["other"])),
                scope=handler.opt["scope"],
                status=handler.status_code,
                path_parameters=names,
                query=tuple(_query(signature, names, list_provider)),
                body=_inner(signature.parameters["data"].annotation) if "data" in signature.parameters else None,
                answer=_answer(signature.return_annotation),
                injected=frozenset(signature.parameters),
                media_type=str(handler.opt.get("media_type", "application/json")),
            )


def _query(signature: inspect.Signature, names: tuple[str, ...], list_provider: Any) -> Iterator[QueryParameterOf]:
    for parameter in signature.parameters.values():
        if parameter.name == "listing":
            described = inspect.signature(list_provider).parameters
            yield from (_query_parameter(described[name]) for name in _LIST_PARAMETERS)
        elif parameter.name not in names and _kwarg(parameter.annotation) is not None:
            yield _query_parameter(parameter)


def _query_parameter(parameter: inspect.Parameter) -> QueryParameterOf:
    kwarg = _kwarg(parameter.annotation)
    required = parameter.default is inspect.Parameter.empty
    return QueryParameterOf(
        name=(kwarg.name if kwarg else None) or parameter.name,
        type=_bounded(_inner(parameter.annotation), kwarg),
        required=required,
        default=None if required else parameter.default,
        description=kwarg.description if kwarg else None,
    )


def _kwarg(annotation: Any) -> ParameterKwarg | None:
    return next((one for one in getattr(annotation, "__metadata__", ()) if isinstance(one, ParameterKwarg)), None)


def _bounded(plain: Any, kwarg: ParameterKwarg | None) -> Any:
    """The type with the parameter's bounds as msgspec spells them."""
    if kwarg is None:
        return plain
    bounds: dict[str, Any] = {
        "ge": kwarg.ge,
        "le": kwarg.le,
        "min_length": kwarg.min_length,
        "max_length": kwarg.max_length,
    }
    meta = msgspec.Meta(**bounds)
    if meta == msgspec.Meta():
        return plain
    alternatives = (
        [one for one in get_args(plain) if one is not type(None)]
        if get_origin(plain) in (UnionType, typing.Union)
        else [plain]
    )
    return typing.Annotated[alternatives[0], meta]


def _inner(annotation: Any) -> Any:
    """`Annotated[X, …]` -> X."""
    return get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation


def _answer(annotation: Any) -> Any:
    """What the client gets as JSON, or None when it gets no body or bytes."""
    if get_origin(annotation) is Response:
        (annotation,) = get_args(annotation)
    if annotation in (None, type(None), inspect.Signature.empty, bytes) or annotation is Any:
        return None
    if inspect.isclass(annotation) and issubclass(annotation, Response):
        return None
    return annotation
