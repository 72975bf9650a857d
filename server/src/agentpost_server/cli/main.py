"""Reads the command line, runs the command, turns what can be wrong into one sentence and an exit code.

Exit codes: 0 done, 1 it could not be done, 2 the command line or a setting is wrong.
"""

import argparse
import asyncio
import importlib
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from agentpost_server import __version__
from agentpost_server.cli.output import CommandFailed, complain
from agentpost_server.settings import SettingsError

Run = Callable[[argparse.Namespace], "int | Awaitable[int]"]
_KINDS: Final = ("live", "dev", "test")


def main(arguments: Sequence[str] | None = None) -> int:
    began = time.monotonic()
    options = _parser().parse_args(arguments)
    options.began = began
    try:
        return _run(options)
    except SettingsError as error:
        complain(str(error))
        return 2
    except CommandFailed as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace) -> int:
    module, _, function = options.command.partition(":")
    run: Run = getattr(importlib.import_module(f"agentpost_server.cli.{module}"), function)
    outcome = run(options)
    return outcome if isinstance(outcome, int) else _on_uvloop(outcome)


def _on_uvloop(outcome: Awaitable[int]) -> int:
    uvloop: Any = importlib.import_module("uvloop")

    async def whole() -> int:
        return await outcome

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(whole())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="agentpost-server", description="Self-hosted e-mail infrastructure for AI agents.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"agentpost-server {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_up(commands)
    _add_serve(commands)
    _add(commands, "migrate", "migrate:run", "bring the database that AGENTPOST_DATABASE_URL names up to date")
    _add_organizations(commands)
    _add_keys(commands)
    status = _add(commands, "status", "status:run", "say whether `up` runs, and where")
    status.add_argument("--json", action="store_true", help="as one JSON object")
    _data(status)
    notices = _add(
        commands, "notices", "notices:run", "print the server's own mails, such as those that ask to approve"
    )
    notices.add_argument("--last", type=_at_least_one, default=10, metavar="N", help="how many (default: 10)")
    _data(notices)
    _add_doctor(commands)
    reset = _add(commands, "reset", "reset:run", "delete the data folder: all mail, keys and settings in it")
    reset.add_argument("--yes", action="store_true", help="yes, delete it")
    _data(reset)
    _add(commands, "openapi", "openapi:run", "print the API's OpenAPI document")
    return parser


def _add_up(commands: Any) -> None:
    up = _add(commands, "up", "up:run", "run everything on this machine: database, API, SMTP, workers")
    _data(up)
    _listen(up)


def _add_serve(commands: Any) -> None:
    serve = _add(commands, "serve", "serve:run", "serve against a PostgreSQL of yours (AGENTPOST_DATABASE_URL)")
    serve.add_argument("--roles", default="api,worker,smtp", metavar="LIST", help="what to run (default: %(default)s)")
    serve.add_argument("--workers", type=_at_least_one, default=1, metavar="N", help="processes (default: 1)")
    _listen(serve)
    # How a supervisor hands its listening sockets to a worker.
    serve.add_argument("--http-fd", type=int, help=argparse.SUPPRESS)
    serve.add_argument("--smtp-fd", type=int, help=argparse.SUPPRESS)


def _add_doctor(commands: Any) -> None:
    doctor = _add(
        commands, "doctor", "doctor:run", "check settings, database, DNS, ports, certificates, and say what to do"
    )
    doctor.add_argument("--json", action="store_true", help="as one JSON object")
    doctor.add_argument(
        "--send-probe", metavar="HOST", help="a mail server that may be called, to see whether port 25 is open outwards"
    )
    _data(doctor)
    _listen(doctor)


def _add_organizations(commands: Any) -> None:
    group = commands.add_parser("organizations", help="make and list organizations", allow_abbrev=False)
    verbs = group.add_subparsers(required=True, metavar="VERB")
    create = _add(verbs, "create", "accounts:create_organization", "make an organization and print its first keys")
    create.add_argument("name", metavar="NAME")
    _data(create)
    _data(_add(verbs, "list", "accounts:list_organizations", "print ids and names"))


def _add_keys(commands: Any) -> None:
    group = commands.add_parser("keys", help="make API keys", allow_abbrev=False)
    verbs = group.add_subparsers(required=True, metavar="VERB")
    create = _add(verbs, "create", "accounts:create_key", "make a key with every scope and print it")
    create.add_argument("--environment", choices=_KINDS, default="live", help="the kind of environments it is for")
    create.add_argument("--organization", metavar="ORG_ID", help="whose; needed when there are several")
    create.add_argument("--name", default="made at the command line", help="what lists call it")
    _data(create)


def _add(commands: Any, name: str, command: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    parser.set_defaults(command=command)
    return parser


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", metavar="DIR", help="data folder (default: ~/.agentpost, for root /var/lib/agentpost)"
    )


def _listen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--http-port", type=int, metavar="PORT", help="port of the API (default: 8025)")
    parser.add_argument("--smtp-port", type=int, metavar="PORT", help="port of inbound SMTP (default: 2525)")


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
