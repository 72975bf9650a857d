"""Profiles: which server, with which key. Kept in a file that only its owner can read."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from agentpost import AgentPost
from agentpost._cli.context import Session
from agentpost._core.errors import ConfigurationError
from agentpost._core.settings import DEFAULT_BASE_URL, profiles_file


@click.command()
@click.option("--name", default="local", show_default=True, help="What to call the profile.")
@click.option("--base-url", default=None, help=f"The server; else AGENTPOST_BASE_URL, else {DEFAULT_BASE_URL}.")
@click.option("--data", default=None, metavar="FOLDER", help="The data folder of a server on this machine.")
def login(name: str, base_url: str | None, data: str | None) -> None:
    """Keep a server and a key as a profile, and use it from now on.

    \b
    agentpost login                                  the server that runs on this machine
    agentpost login --name prod --base-url https://mail.example.com < key.txt

    A key is read from stdin where one is piped. Without one, the keys that `agentpost-server up` saved on this machine
    are taken: its live key as the profile NAME, its test key as NAME-sandbox.
    """
    if not sys.stdin.isatty() and (key := sys.stdin.readline().strip()):
        found = {
            name: {"api_key": key, "base_url": base_url or os.environ.get("AGENTPOST_BASE_URL") or DEFAULT_BASE_URL}
        }
    else:
        found = _local(name, base_url, data)
    for profile in found.values():
        AgentPost(profile["api_key"], base_url=profile["base_url"]).auth.me()
    stored = _read()
    stored["profiles"] |= found
    stored["in_use"] = name
    _write(stored)
    click.echo(f"Logged in at {found[name]['base_url']}, as {', '.join(found)}; {name} is in use.", err=True)


def _local(name: str, base_url: str | None, data: str | None) -> dict[str, dict[str, str]]:
    usual = [Path("/var/lib/agentpost")] if os.geteuid() == 0 else [Path.home() / ".agentpost"]
    for folder in [Path(data).expanduser()] if data else usual:
        try:
            keys: Any = json.loads((folder / "keys.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        url = base_url or _running_at(folder) or DEFAULT_BASE_URL
        return {
            name: {"api_key": keys["live_key"], "base_url": url},
            f"{name}-sandbox": {"api_key": keys["test_key"], "base_url": url},
        }
    raise ConfigurationError(
        "No server has saved keys on this machine. Pipe a key: agentpost login --base-url https://… < key.txt"
    )


def _running_at(folder: Path) -> str | None:
    try:
        status: Any = json.loads((folder / "status.json").read_text(encoding="utf-8"))
        return str(status["api_url"]).removesuffix("/api/v1")
    except (OSError, ValueError, KeyError, TypeError):
        return None


@click.command()
@click.argument("name", required=False)
def logout(name: str | None) -> None:
    """Forget a profile: NAME, or the one in use."""
    stored = _read()
    gone = name or stored["in_use"]
    if stored["profiles"].pop(gone, None) is None:
        raise ConfigurationError(f"There is no profile {gone}: see `agentpost profiles`.")
    if stored["in_use"] == gone:
        stored["in_use"] = next(iter(stored["profiles"]), None)
    _write(stored)
    click.echo(f"Forgot {gone}.", err=True)


@click.command()
@click.argument("name", required=False)
@click.pass_obj
def profiles(session: Session, name: str | None) -> None:
    """List profiles, or use NAME from now on."""
    stored = _read()
    if name:
        if name not in stored["profiles"]:
            raise ConfigurationError(
                f"There is no profile {name}: there are {', '.join(stored['profiles']) or 'none'}."
            )
        stored["in_use"] = name
        _write(stored)
        return
    shown = [
        {"name": each, "base_url": one["base_url"], "in_use": each == stored["in_use"]}
        for each, one in stored["profiles"].items()
    ]
    if session.as_json:
        click.echo(json.dumps({"data": shown}))
        return
    for one in shown:
        click.echo(f"{'*' if one['in_use'] else ' '} {one['name']}  {one['base_url']}")


@click.command()
@click.pass_obj
def whoami(session: Session) -> None:
    """Show the server, the key and what it may do."""
    me = session.client.auth.me()
    session.show({"base_url": session.client.settings.base_url, **me.to_dict()} if session.as_json else me)


def _read() -> dict[str, Any]:
    try:
        stored: Any = json.loads(profiles_file().read_text(encoding="utf-8"))
        return {"in_use": stored.get("in_use"), "profiles": dict(stored["profiles"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"in_use": None, "profiles": {}}


def _write(stored: dict[str, Any]) -> None:
    """Beside its place, then renamed; 0600 from the first octet on."""
    file = profiles_file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as written:
        json.dump(stored, written, indent=2)
    unfinished.replace(file)
