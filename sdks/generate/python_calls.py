"""Writes the Python resources: one class of methods each, once for the plain client and once for the async one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kinds import Kind, ListOf, OneOf, Plain, models_in, without_null
from names import WITH_MORE
from python_types import HEAD, asked_type, attribute, folded
from reading import Api, Field, Method

_COMMON: Final = ("environment", "idempotency_key", "timeout")
_ANSWERS: Final = {"none": "None", "bytes": "bytes", "text": "str"}


@dataclass(frozen=True)
class Way:
    """How the two clients differ on paper."""

    folder: str
    client: str
    resource: str
    page: str
    define: str
    wait: str
    prefix: str


SYNC: Final = Way("calls", "AgentPost", "Resource", "Page", "def", "", "")
ASYNC: Final = Way("async_calls", "AsyncAgentPost", "AsyncResource", "AsyncPages", "async def", "await ", "Async")


def call_files(api: Api) -> Iterator[tuple[str, str]]:
    for way in (SYNC, ASYNC):
        for resource, methods in api.resources.items():
            yield f"_generated/{way.folder}/{resource}.py", _file(api, way, resource, methods)
        yield f"_generated/{way.folder}/__init__.py", _attributes(api, way)


def class_name(resource: str) -> str:
    return "".join(part.capitalize() for part in resource.split("_"))


def _file(api: Api, way: Way, resource: str, methods: list[Method]) -> str:
    answered = sorted({one.answer for one in methods if one.answer in api.answered} | _mentioned(api, methods))
    asked = sorted({name for one in methods for each in one.body for name in models_in(each.kind)})
    lines = [
        HEAD,
        "from __future__ import annotations\n",
        "from collections.abc import Mapping, Sequence",
        "from datetime import datetime",
        "from typing import TYPE_CHECKING, Any, Literal\n",
        f"from agentpost._core.resource import OMIT, Omit, {way.resource}, many, part\n",
        "if TYPE_CHECKING:",
        f"    from agentpost._core.pages import {way.page}" if any(one.paged for one in methods) else "",
        *(f"    from agentpost._generated.asked import {name}Param" for name in asked),
        *(f"    from agentpost.types.{api.homes[name]} import {name}" for name in answered),
        "\n",
        f"class {way.prefix}{class_name(resource)}({way.resource}):",
    ]
    for method in methods:
        lines += [*_method(api, way, method), ""]
    return "\n".join(lines) + "\n"


def _mentioned(api: Api, methods: list[Method]) -> set[str]:
    """Answered models that requests may hold, too."""
    asked = {name for one in methods for each in one.body for name in models_in(each.kind)}
    return asked & set(api.answered)


def _method(api: Api, way: Way, method: Method) -> Iterator[str]:
    define = "def" if method.paged else way.define
    yield f"    {define} {method.name}("
    yield "        self,"
    for one in method.in_path:
        yield f"        {one}: str | None = None," if method.optional_path else f"        {one}: str,"
    yield "        *,"
    for one in sorted((*method.query, *method.body), key=lambda one: not one.required):
        yield f"        {_parameter(api, method, one)},"
    for one in _common(method):
        yield f"        {one}: {'float' if one == 'timeout' else 'str'} | None = None,"
    yield f"    ) -> {_answer(way, method)}:"
    yield from _docstring(method)
    yield from _return(way, method)


def _parameter(api: Api, method: Method, one: Field) -> str:
    name = attribute(one.called)
    written = asked_type(one.kind, api.answered)
    if one.required:
        return f"{name}: {written}"
    if _may_be_null(method) and one in method.body:
        return f"{name}: {written} | Omit = OMIT"
    plain, _ = without_null(one.kind)
    return f"{name}: {asked_type(plain, api.answered)} | None = None"


def _may_be_null(method: Method) -> bool:
    """In a change, null empties a field; elsewhere it says nothing that leaving it out does not."""
    return method.http == "PATCH"


def _common(method: Method) -> Iterator[str]:
    if method.in_environment:
        yield "environment"
    if method.idempotent:
        yield "idempotency_key"
    yield "timeout"


def _answer(way: Way, method: Method) -> str:
    if method.paged:
        return f"{way.page}[{method.answer}]"
    return _ANSWERS.get(method.answer, method.answer)


def _docstring(method: Method) -> Iterator[str]:
    said = [one for one in (*method.query, *method.body) if one.doc]
    yield f'        """{method.summary.rstrip(".")}.'
    if method.doc:
        yield from ("", *folded(method.doc, "        "))
    if said:
        yield ""
    for one in said:
        yield from folded(f"{attribute(one.called)}: {one.doc}", "        ", "            ")
    yield '        """'


def _return(way: Way, method: Method) -> Iterator[str]:
    wait = "" if method.paged else way.wait
    yield f"        return {wait}self._{'pages' if method.paged else 'ask'}("
    yield f'            "{method.http}",'
    yield f"            {_path(method)},"
    yield f'            "{method.answer}",'
    if method.query:
        yield "            query={" + ", ".join(f'"{one.name}": {_value(one)}' for one in method.query) + "},"
    if method.has_body:
        yield "            body={" + ", ".join(f'"{one.name}": {_value(one)}' for one in method.body) + "},"
    for one in _common(method):
        yield f"            {one}={one},"
    if method.idempotent:
        yield "            idempotent=True,"
    yield "        )"


def _path(method: Method) -> str:
    within = method.path
    for one in method.in_path:
        within = within.replace(f"{{{one}}}", f"{{part({one})}}")
    within = f'f"{within}"' if method.in_path else f'"{within}"'
    if method.optional_path is None:
        return within
    return f'"{method.optional_path.path}" if {method.in_path[0]} is None else {within}'


def _value(one: Field) -> str:
    name = attribute(one.called)
    kind, _ = without_null(one.kind)
    return f"many({name})" if isinstance(kind, ListOf) and _takes_words(kind.item) else name


def _takes_words(item: Kind) -> bool:
    options = item.options if isinstance(item, OneOf) else (item,)
    return Plain("string") in options


def _attributes(api: Api, way: Way) -> str:
    """The client's resources, each loaded when it is first used."""
    where = {
        resource: f"agentpost._core.more.{resource}"
        if resource in WITH_MORE
        else f"agentpost._generated.{way.folder}.{resource}"
        for resource in sorted({*api.resources, *WITH_MORE})
    }
    lines = [
        HEAD,
        "from __future__ import annotations\n",
        "from functools import cached_property",
        "from typing import TYPE_CHECKING\n",
        f"from agentpost._core.resource import {way.client}Base\n",
        "if TYPE_CHECKING:",
        *(f"    from {module} import {way.prefix}{class_name(resource)}" for resource, module in where.items()),
        "\n",
        f"class {way.client}Resources({way.client}Base):",
    ]
    for resource, module in where.items():
        name = f"{way.prefix}{class_name(resource)}"
        lines += [
            "    @cached_property",
            f"    def {resource}(self) -> {name}:",
            f"        from {module} import {name}\n",
            f"        return {name}(self)\n",
        ]
    return "\n".join(lines) + "\n"
