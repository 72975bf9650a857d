"""Every method of the client as a command: `agentpost inboxes create --username support`.

Nothing stands here twice: names, arguments and help are read from the methods that the generator wrote.
"""

from __future__ import annotations

import inspect
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

from agentpost._cli.context import Session
from agentpost._core.body import OMIT
from agentpost._core.pages import Page

RESOURCES: Final = tuple(
    "api_keys attachments auth deliveries domains drafts environments events filter_rules inboxes labels leases "
    "messages metrics org organizations policies requests sandbox search suppressions threads waits webhooks".split()
)


class Json(click.ParamType[Any]):
    """A value in JSON, or `@file` that holds one."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return json.loads(Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value)
        except OSError as failure:
            self.fail(f"{value[1:]}: {failure.strerror}", param, ctx)
        except ValueError as failure:
            self.fail(f"not JSON: {failure}", param, ctx)


def resource_group(name: str) -> click.Group:
    module = import_module(f"agentpost._generated.calls.{name}")
    (kind,) = (one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__)
    group = click.Group(name.replace("_", "-"), help=f"Calls of {name.replace('_', ' ')}")
    for method, function in vars(kind).items():
        if inspect.isfunction(function):
            group.add_command(_command(name, method, function))
    return group


def _command(resource: str, method: str, function: Any) -> click.Command:
    signature = inspect.signature(function)
    given = [one for one in signature.parameters.values() if one.name not in {"self", "environment", "timeout"}]
    params = [_parameter(one) for one in given]
    changes = any(one.default is OMIT for one in given)
    paged = str(signature.return_annotation).startswith("Page[")
    if changes:
        params.append(
            click.Option(["--unset"], multiple=True, metavar="NAME", help="Empties this field. Repeat it for several.")
        )
    if paged:
        params.append(click.Option(["--all", "everything"], is_flag=True, help="All pages, a row a line."))

    def call(**values: Any) -> None:
        session = click.get_current_context().find_object(Session)
        assert session is not None
        everything, unset = values.pop("everything", False), values.pop("unset", ())
        arguments = {name: value for name, value in values.items() if value not in (None, ())}
        arguments |= dict.fromkeys(unset)
        answer = getattr(getattr(session.client, resource), method)(**arguments)
        if everything and isinstance(answer, Page):
            for one in answer:  # pyright: ignore[reportUnknownVariableType]
                session.line(one)  # pyright: ignore[reportUnknownArgumentType]
        else:
            session.show(answer)

    doc = inspect.getdoc(function) or ""
    return click.Command(
        method.replace("_", "-"), params=params, callback=call, help=_help(doc), short_help=doc.split("\n")[0]
    )


def _help(doc: str) -> str:
    """Without the lines of parameters: those stand with their options."""
    return re.sub(r"\n\n\w+: .*", "", doc, flags=re.DOTALL)


def _parameter(one: inspect.Parameter) -> click.Parameter:
    written = str(one.annotation)
    required = one.default is inspect.Parameter.empty
    if one.kind is not inspect.Parameter.KEYWORD_ONLY:
        return click.Argument([one.name], required=required)
    flag = "--" + one.name.rstrip("_").replace("_", "-")
    if "bool" in written and "Mapping" not in written:
        return click.Option([f"{flag}/--no-{flag[2:]}", one.name], default=None)
    if written.startswith("Sequence[str"):
        return click.Option([flag, one.name], multiple=True, required=required)
    return click.Option([flag, one.name], type=_type(written), required=required)


def _type(written: str) -> click.ParamType[Any]:
    if "Param" in written or "Mapping" in written or "Sequence" in written or "Any" in written:
        return Json()
    if words := re.match(r"Literal\[(.*?)\]", written):
        return click.Choice(re.findall(r'"(.*?)"|\'(.*?)\'', words[1]) and re.findall(r"[\w.]+", words[1]))
    first = written.split(" |", maxsplit=1)[0]
    return {"int": click.INT, "float": click.FLOAT}.get(first, click.STRING)
