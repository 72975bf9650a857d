"""The root of the command: options for all, and the groups and commands below, each loaded when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, Final

import click

from agentpost._cli.calls import RESOURCES, resource_group
from agentpost._cli.context import Session
from agentpost._cli.outcome import exit_code, tell
from agentpost._version import VERSION

# name -> (module, one line of help). The help stands here so that listing them loads none.
_COMMANDS: Final = {
    "login": ("login", "Keep a server and a key as a profile"),
    "logout": ("login", "Forget a profile"),
    "profiles": ("login", "List profiles, or use another one"),
    "whoami": ("login", "Show the server, the key and what it may do"),
    "send": ("send", "Send a mail"),
    "wait": ("wait", "Wait for a mail, or for its code"),
    "listen": ("listen", "Print events as they happen, or forward them to a local URL"),
    "trigger": ("trigger", "Send a test event to a webhook, or cause a real one in the sandbox"),
    "logs": ("logs", "Show the latest API requests"),
    "doctor": ("doctor", "Check the profile, the server and the key"),
    "mcp": ("mcp", "Serve the tools over stdin and stdout, for model clients"),
    "commands": ("tree", "Print every command with its options, for programs"),
    "completion": ("tree", "Print the completion script of a shell"),
}


class Root(click.Group):
    """Groups of calls by resource, and the commands above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, *(name.replace("_", "-") for name in RESOURCES)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            module, _ = _COMMANDS[cmd_name]
            return getattr(import_module(f"agentpost._cli.{module}"), cmd_name)
        name = cmd_name.replace("-", "_")
        return resource_group(name) if name in RESOURCES else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in _COMMANDS.items()])
        with formatter.section("The API, call by call"):
            formatter.write_text(", ".join(name.replace("_", "-") for name in RESOURCES))


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--profile", metavar="NAME", help="A profile of `agentpost login`; AGENTPOST_PROFILE.")
@click.option("--api-key", metavar="-", help="`-` reads the key from stdin; else AGENTPOST_API_KEY or the profile.")
@click.option("--base-url", metavar="URL", help="The server; else AGENTPOST_BASE_URL or the profile.")
@click.option("--environment", metavar="ID|SLUG", help="Of the calls; else the profile's, else the key's own.")
@click.option("--json", "as_json", is_flag=True, help="JSON at a terminal too. In a pipe it is JSON anyway.")
@click.version_option(VERSION, prog_name="agentpost", message="%(prog)s %(version)s")
@click.pass_context
def root(
    ctx: click.Context,
    profile: str | None,
    api_key: str | None,
    base_url: str | None,
    environment: str | None,
    as_json: bool,
) -> None:
    """AgentPost from a shell: inboxes for agents, their mail, and what happens to it."""
    if api_key not in {None, "-"}:
        raise click.UsageError("A key among the arguments is seen by every process: use --api-key - and stdin.")
    ctx.obj = Session(profile, api_key == "-", base_url, environment, as_json=as_json)


def run(arguments: list[str]) -> int:
    """0 done, 1 failed, 2 used wrongly, 3 not allowed, 4 not found, 5 too late, 130 interrupted."""
    try:
        given: Any = root.main(arguments, prog_name="agentpost", standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show(file=sys.stderr)
        return wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        return 0
    except Exception as failure:  # noqa: BLE001 - told, and turned into an exit code
        tell(failure, as_json="--json" in arguments or not sys.stderr.isatty())
        return exit_code(failure)
    return given if isinstance(given, int) else 0
