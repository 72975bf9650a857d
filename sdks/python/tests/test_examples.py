"""Each example runs as it stands, in a sandbox of its own."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from harness import Tenant

_FOLDER = Path(__file__).parents[3] / "examples"
_SAID = {
    "auto_reply.py": ["ann@example.com: Re: Opening hours"],
    "sign_up.py": ["got 482913 (verify"],
    "triage.py": [
        "the agent's answer is pending_approval",
        "after a person it is queued: You get your 20 euros back today.",
    ],
    "negotiate.py": ["Buyer: I offer 100.", "agree"],
}


def test_every_example_is_here() -> None:
    assert {path.name for path in _FOLDER.glob("*.py")} == _SAID.keys()
    assert all(name in (_FOLDER / "README.md").read_text() for name in _SAID)


@pytest.mark.parametrize("name", _SAID)
async def test_it_does_what_it_says(name: str, tenant: Tenant) -> None:
    variables = {
        "PATH": os.environ["PATH"],
        "AGENTPOST_BASE_URL": tenant.server.url,
        "AGENTPOST_API_KEY": tenant.organization.test_key,
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_FOLDER / name), env=variables, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    said = (await asyncio.wait_for(process.communicate(), 90))[0].decode()
    assert process.returncode == 0, said
    for line in _SAID[name]:
        assert line in said, said
