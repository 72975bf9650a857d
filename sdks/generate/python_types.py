"""Writes the Python models: what answers hold as slots dataclasses, what requests hold as typed dictionaries.

One file a resource, and none imports another when it runs: a nested model is found by its name when it is first needed,
so that reading an inbox loads no message.
"""

import keyword
import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from kinds import Kind, ListOf, MapOf, OneOf, Plain, Ref, Words, models_in, without_null
from reading import Api, Field, Model

HEAD: Final = "# Written by sdks/generate from openapi.json. Do not edit.\n"
_PLAIN: Final = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "moment": "str",
    "octets": "str",
    "any": "Any",
}


def attribute(name: str) -> str:
    """A wire name as Python can say it."""
    return f"{name}_" if keyword.iskeyword(name) else name


def answered_type(kind: Kind) -> str:
    match kind:
        case Plain(name):
            return _PLAIN[name]
        case Ref(model):
            return model
        case Words(values):
            return f"Literal[{', '.join(_quoted(one) for one in values)}]"
        case ListOf(item):
            return f"list[{answered_type(item)}]"
        case MapOf(value):
            return f"dict[str, {answered_type(value)}]"
        case OneOf(options):
            return " | ".join(dict.fromkeys(answered_type(one) for one in options))


def asked_type(kind: Kind, answered: Iterable[str]) -> str:
    """What a caller may hand in: wider than what comes back."""
    match kind:
        case Plain("moment"):
            return "datetime | str"
        case Plain("octets"):
            return "bytes | str"
        case Ref(model):
            return f"{model}Param | {model}" if model in answered else f"{model}Param"
        case ListOf(item):
            return f"Sequence[{asked_type(item, answered)}]"
        case MapOf(value):
            return f"Mapping[str, {asked_type(value, answered)}]"
        case OneOf(options):
            return " | ".join(dict.fromkeys(asked_type(one, answered) for one in options))
        case _:
            return answered_type(kind)


def answered_files(api: Api) -> Iterator[tuple[str, str]]:
    """(name, text) of each file of `types`, and of its index."""
    for resource in sorted(set(api.homes.values())):
        models = [api.answered[name] for name, home in sorted(api.homes.items()) if home == resource]
        yield f"types/{resource}.py", _answered_file(api, resource, models)
    yield "types/__init__.py", _index(api)


def asked_file(api: Api) -> str:
    both = sorted(set(api.asked) & set(api.answered))
    lines = [
        HEAD,
        '"""What stands within requests. Bare dictionaries of these shapes do as well."""\n',
        "from __future__ import annotations\n",
        "from collections.abc import Mapping, Sequence",
        "from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict\n",
        "if TYPE_CHECKING:",
        "    from datetime import datetime\n",
        *(f"    from agentpost.types.{api.homes[name]} import {name}" for name in both),
        "",
    ]
    for _, model in sorted(api.asked.items()):
        lines += ["", *_asked_model(api, model)]
    return "\n".join(lines) + "\n"


def _asked_model(api: Api, model: Model) -> Iterator[str]:
    """A class, or a call where a field's name is a word of Python."""
    name = f"{model.name}Param"
    types = {one.name: asked_type(one.kind, api.answered) for one in model.fields}
    types = {one.name: types[one.name] if one.required else f"NotRequired[{types[one.name]}]" for one in model.fields}
    if any(map(keyword.iskeyword, types)):
        yield f"{name} = TypedDict({name!r}, {types!r})"
        return
    yield f"class {name}(TypedDict):"
    yield (_doc(model.doc, "    ") + "\n") if model.doc else ""
    yield from (f"    {key}: {written}" for key, written in types.items())


def _answered_file(api: Api, resource: str, models: list[Model]) -> str:
    foreign = sorted(
        {name for one in models for each in one.fields for name in models_in(each.kind) if api.homes[name] != resource}
    )
    lines = [
        HEAD,
        "from __future__ import annotations\n",
        "from dataclasses import dataclass",
        "from typing import TYPE_CHECKING, Any, ClassVar, Literal\n",
        "from agentpost._core.model import Model\n",
        *(["if TYPE_CHECKING:"] if foreign else []),
        *(f"    from agentpost.types.{api.homes[name]} import {name}" for name in foreign),
    ]
    for model in models:
        lines += ["", *_answered_model(model)]
    return "\n".join(lines) + "\n"


def _answered_model(model: Model) -> Iterator[str]:
    yield "@dataclass(slots=True, kw_only=True)"
    yield f"class {model.name}(Model):"
    if model.doc:
        yield _doc(model.doc, "    ") + "\n"
    if nested := {one.name: next(models_in(one.kind)) for one in model.fields if _holds_model(one)}:
        yield f"    _nested: ClassVar[dict[str, str]] = {nested!r}\n"
    for one in model.fields:
        written = answered_type(one.kind)
        if not one.required and "None" not in written:
            written = "Any" if written == "Any" else f"{written} | None"
        yield f"    {attribute(one.name)}: {written}" + ("" if one.required else " = None")
        if one.doc:
            yield _doc(one.doc, "    ")


def _holds_model(one: Field) -> bool:
    """The core decodes a model, a list of models, and either beside null; nothing deeper is needed so far."""
    names = list(models_in(one.kind))
    if not names:
        return False
    kind, _ = without_null(one.kind)
    inner = kind.item if isinstance(kind, ListOf) else kind
    if not isinstance(inner, Ref):
        raise SystemExit(f"the field {one.name} holds models deeper than the Python core decodes")
    return True


def _index(api: Api) -> str:
    homes = dict(sorted(api.homes.items()))
    lines = [
        HEAD,
        '"""Every model that answers hold, each loaded when it is first asked for."""\n',
        "from importlib import import_module",
        "from typing import TYPE_CHECKING, Any\n",
        "if TYPE_CHECKING:",
        *(f"    from agentpost.types.{home} import {name} as {name}" for name, home in homes.items()),
        "",
        "HOMES = {",
        *(f'    "{name}": "{home}",' for name, home in homes.items()),
        "}",
        "\n",
        "def __getattr__(name: str) -> Any:",
        "    if (home := HOMES.get(name)) is None:",
        '        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")',
        '    return getattr(import_module(f"{__name__}.{home}"), name)',
    ]
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    return f'"{word}"'


def folded(text: str, indent: str, hanging: str | None = None) -> Iterator[str]:
    """Paragraphs, folded to the width of our lines."""
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield ""
        within = " ".join(paragraph.split())
        yield from textwrap.wrap(
            within, 118, initial_indent=indent, subsequent_indent=hanging or indent, break_long_words=False
        )


def _doc(text: str, indent: str) -> str:
    lines = list(folded(f'"""{text.strip()}', indent))
    if len(lines) == 1 and len(lines[0]) <= 117:
        return f'{lines[0]}"""'
    return "\n".join([*lines, f'{indent}"""'])
