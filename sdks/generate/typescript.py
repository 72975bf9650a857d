"""Writes the TypeScript half: types, which cost nothing at run time, and the table of calls that makes the client."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from kinds import Kind, ListOf, MapOf, OneOf, Plain, Ref, Words, without_null
from reading import Api, Field, Method, Model

_HEAD: Final = "// Written by sdks/generate from openapi.json. Do not edit.\n"
_PLAIN: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "moment": "string",
    "octets": "string",
    "any": "any",
}
_ANSWERS: Final = {"none": "void", "bytes": "Uint8Array", "text": "string"}
_MARKS: Final = {"bytes": "b", "text": "t", "none": "n"}


def types_file(api: Api) -> str:
    lines = [_HEAD, "/** A moment in RFC 3339: a Date will do. */", "export type When = Date | string;"]
    lines += ["/** Base64: octets will do. */", "export type Octets = Uint8Array | string;", ""]
    for _, model in sorted(api.answered.items()):
        lines += [*_interface(model, model.name, _answered_type), ""]
    for _, model in sorted(api.asked.items()):
        lines += [*_interface(model, f"{model.name}Param", _asked_type), ""]
    return "\n".join(lines)


def calls_file(api: Api) -> str:
    lists = _lists(api)
    lines = [
        _HEAD,
        'import type { APIPromise, CallOptions, PagePromise } from "../core.js";',
        'import type * as t from "./types.js";\n',
        "/**",
        " * Each call as `METHOD path marks`. i: takes an idempotency key; -: no parameters; =: a name that means",
        " * a list elsewhere means none here. It answers p pages, b octets, t text, n nothing, else an object.",
        " */",
        "export const CALLS = {",
    ]
    for resource, methods in api.resources.items():
        lines.append(f"  {camel(resource)}: {{")
        lines += [f'    {camel(one.name)}: "{_entry(one, lists)}",' for one in methods]
        lines.append("  },")
    lines += ["} as const;\n"]
    lines += ["/** Lists within bodies: where one is given alone, it is a list of one. */"]
    lines += [f'export const LISTS = "{" ".join(sorted(lists))}".split(" ");\n']
    for resource, methods in api.resources.items():
        for method in methods:
            lines += _parameters(method)
        lines += [f"export interface {_class(resource)} {{"]
        for method in methods:
            lines += _signature(method)
        lines += ["}\n"]
    lines += ["/** What every client has. */", "export interface Resources {"]
    lines += [f"  {camel(resource)}: {_class(resource)};" for resource in api.resources]
    return "\n".join([*lines, "}", ""])


def _lists(api: Api) -> set[str]:
    """Names that mean a list in some body."""
    fields = (one for methods in api.resources.values() for method in methods for one in method.body)
    return {one.name for one in fields if _is_list(one)}


def _is_list(one: Field) -> bool:
    return isinstance(without_null(one.kind)[0], ListOf)


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def _class(resource: str) -> str:
    name = camel(resource)
    return name[0].upper() + name[1:]


def _entry(method: Method, lists: set[str]) -> str:
    path = re.sub(r"\{\w+\}", "*", method.path)
    if method.optional_path is not None:
        # What stands in brackets goes when the parameter is not given.
        rest = method.optional_path.path
        path = f"[{method.path.removesuffix(rest)}]{rest}"
    marks = "i" if method.idempotent else ""
    marks += "p" if method.paged else _MARKS.get(method.answer, "")
    marks += "" if _given(method) else "-"
    marks += "=" if any(one.name in lists and not _is_list(one) for one in method.body) else ""
    return f"{method.http} {path} {marks}".strip()


def _params_name(method: Method) -> str:
    return f"{_class(method.resource)}{_class(method.name)}Params"


def _given(method: Method) -> tuple[Field, ...]:
    optional = method.in_path if method.optional_path else ()
    inside = tuple(Field(name=one, called=one, kind=Plain("string"), required=False, doc="") for one in optional)
    return (*inside, *method.query, *method.body)


def _parameters(method: Method) -> Iterator[str]:
    if not (fields := _given(method)):
        return
    yield f"export interface {_params_name(method)} {{"
    for one in fields:
        if one.doc:
            yield f"  /** {one.doc} */"
        kind = one.kind if method.http == "PATCH" else without_null(one.kind)[0]
        written = _asked_type(kind, "t.", lone=True)
        yield f"  {one.name}{'' if one.required else '?'}: {written};"
    yield "}\n"


def _signature(method: Method) -> Iterator[str]:
    arguments = [] if method.optional_path else [f"{camel(one)}: string" for one in method.in_path]
    if fields := _given(method):
        optional = "" if any(one.required for one in fields) else "?"
        arguments.append(f"params{optional}: {_params_name(method)}")
    arguments.append("options?: CallOptions")
    answer = _ANSWERS.get(method.answer) or f"t.{method.answer}"
    promise = "PagePromise" if method.paged else "APIPromise"
    yield "  /**"
    yield f"   * {method.summary.rstrip('.')}."
    for line in method.doc.splitlines():
        yield f"   * {line}".rstrip()
    yield "   */"
    yield f"  {camel(method.name)}({', '.join(arguments)}): {promise}<{answer}>;"


def _interface(model: Model, name: str, write: Callable[[Kind, str], str]) -> Iterator[str]:
    if model.doc:
        yield f"/** {' '.join(model.doc.split())} */"
    yield f"export interface {name} {{"
    for one in model.fields:
        if one.doc:
            yield f"  /** {one.doc} */"
        yield f"  {one.name}{'' if one.required else '?'}: {write(one.kind, '')};"
    yield "}"


def _answered_type(kind: Kind, prefix: str) -> str:
    match kind:
        case Plain(name):
            return _PLAIN[name]
        case Ref(model):
            return f"{prefix}{model}"
        case Words(values):
            # A newer server may say more: an old client must compile against that, too.
            return " | ".join([*(f'"{one}"' for one in values), "(string & {})"])
        case ListOf(item):
            return f"Array<{_answered_type(item, prefix)}>"
        case MapOf(value):
            return f"Record<string, {_answered_type(value, prefix)}>"
        case OneOf(options):
            return " | ".join(dict.fromkeys(_answered_type(one, prefix) for one in options))


def _asked_type(kind: Kind, prefix: str, *, lone: bool = False) -> str:
    """`lone`: where a list of words stands, one word will do."""
    match kind:
        case Plain("moment"):
            return f"{prefix}When"
        case Plain("octets"):
            return f"{prefix}Octets"
        case Ref(model):
            return f"{prefix}{model}Param"
        case Words(values):
            return " | ".join(f'"{one}"' for one in values)
        case ListOf(item):
            inner = _asked_type(item, prefix)
            return f"{inner} | Array<{inner}>" if lone else f"Array<{inner}>"
        case MapOf(value):
            return f"Record<string, {_asked_type(value, prefix)}>"
        case OneOf(options):
            return " | ".join(dict.fromkeys(_asked_type(one, prefix, lone=lone) for one in options))
        case _:
            return _answered_type(kind, prefix)
