"""What the tests of the documentation share: finding a page's blocks, and running them as a reader would."""

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path

from harness import Server, Tenant

ROOT = Path(__file__).parents[3]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path, language: str) -> list[str]:
    return [text for name, text in FENCE.findall(path.read_text(encoding="utf-8")) if name == language]


def environment(server: Server, tenant: Tenant, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "AGENTPOST_URL": server.url,
        "AGENTPOST_SMTP": f"smtp://127.0.0.1:{server.smtp_port}",
        "AGENTPOST_API_KEY": tenant.organization.live_key,
        "no_proxy": "*",
        **more,
    }


async def shell(script: str, variables: Mapping[str, str], folder: Path | None = None) -> list[str]:
    """Runs as a careful person's shell would: the first failure ends it, and fails the test with what it said."""
    return await run(["bash", "-euo", "pipefail", "-c", script], variables, folder)


async def run(command: list[str], variables: Mapping[str, str], folder: Path | None = None) -> list[str]:
    child = await asyncio.create_subprocess_exec(
        *command, env=dict(variables), cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complained = await asyncio.wait_for(child.communicate(), 60)
    assert child.returncode == 0, f"{said.decode()}\n{complained.decode()}"
    return said.decode().splitlines()
