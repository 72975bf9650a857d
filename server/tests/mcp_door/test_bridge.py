"""`agentpost mcp`: the same tools over stdin and stdout, with the official client that starts it."""

import asyncio
import json
import os
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters

from agentpost import tools
from harness import Tenant
from mcp_door.conftest import data


def _parameters(tenant: Tenant, home: Path, *arguments: str) -> StdioServerParameters:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "AGENTPOST_BASE_URL": tenant.server.url,
        "AGENTPOST_API_KEY": tenant.organization.test_key,
    }
    return StdioServerParameters(
        command=sys.executable, args=["-m", "agentpost._cli", "mcp", *arguments], env=environment
    )


async def test_the_bridge_carries_both_eras(tenant: Tenant, tmp_path: Path, era: str) -> None:
    async with Client(_parameters(tenant, tmp_path), mode=era) as client:
        assert [one.name for one in (await client.list_tools()).tools] == list(tools.DEFAULT)
        inbox = data(await client.call_tool("create_inbox", {"display_name": "Zürich"}))
        assert data(await client.call_tool("list_inboxes", {}))["inboxes"][0]["inbox_id"] == inbox["inbox_id"]
    async with Client(_parameters(tenant, tmp_path, "--read-only"), mode=era) as client:
        assert "send_email" not in [one.name for one in (await client.list_tools()).tools]


async def test_c14_each_answer_is_one_line_of_ascii(tenant: Tenant, tmp_path: Path) -> None:
    parameters = _parameters(tenant, tmp_path)
    await tenant.sandbox.post("/inboxes", json={"display_name": "Zürich 日本"})
    process = await asyncio.create_subprocess_exec(
        parameters.command,
        *parameters.args,
        env=parameters.env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "list_inboxes", "arguments": {}}}
    out, _ = await asyncio.wait_for(process.communicate(b"nonsense\n\n" + json.dumps(call).encode() + b"\n"), 60)
    lines = out.splitlines()
    assert out.isascii()
    assert len(lines) == 2
    answers = {answer.get("id"): answer for answer in map(json.loads, lines)}
    assert answers[None]["error"]["code"] == -32700
    assert answers[7]["result"]["structuredContent"]["inboxes"]
