"""The command tree itself: for programs that want to know what there is, and for shells that complete it."""

from __future__ import annotations

import json
from typing import Any

import click
from click.shell_completion import get_completion_class


@click.command()
@click.pass_context
def commands(ctx: click.Context) -> None:
    """Print every command with its arguments and options, as JSON."""
    root = ctx.find_root()
    click.echo(json.dumps(_told("agentpost", root.command, root), ensure_ascii=False))


def _told(path: str, command: click.Command, ctx: click.Context) -> dict[str, Any]:
    told: dict[str, Any] = {"command": path, "help": command.get_short_help_str(200)}
    params = [one for one in command.params if not (isinstance(one, click.Option) and one.hidden)]
    told["arguments"] = [
        {"name": one.name, "required": one.required} for one in params if isinstance(one, click.Argument)
    ]
    told["options"] = [
        {
            "flags": [*one.opts, *one.secondary_opts],
            "type": one.type.name,
            "required": one.required,
            "repeats": one.multiple,
        }
        | ({"help": one.help} if one.help else {})
        | ({"choices": list(one.type.choices)} if isinstance(one.type, click.Choice) else {})
        for one in params
        if isinstance(one, click.Option)
    ]
    if isinstance(command, click.Group):
        inner = [(name, command.get_command(ctx, name)) for name in command.list_commands(ctx)]
        told["commands"] = [_told(f"{path} {name}", each, ctx) for name, each in inner if each is not None]
    return told


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL: `eval "$(agentpost completion bash)"`."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "agentpost", "_AGENTPOST_COMPLETE").source())
