"""The command, as a process, against a real server: what it prints, where, and with which exit code."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from agentpost import AsyncAgentPost, webhooks
from harness import Tenant


class Said(NamedTuple):
    code: int
    out: str
    complaint: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """A person's shell, with a home folder of its own."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.variables = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CONFIG_HOME": str(home), **settings}

    def without_settings(self) -> "Shell":
        return Shell(self.home)

    async def __call__(self, *arguments: str, given: str = "", **changed: str | None) -> Said:
        process = await self.start(*arguments, **changed)
        out, complaint = await asyncio.wait_for(process.communicate(given.encode()), 60)
        return Said(process.returncode or 0, out.decode(), complaint.decode())

    async def start(self, *arguments: str, **changed: str | None) -> asyncio.subprocess.Process:
        variables = {name: value for name, value in {**self.variables, **changed}.items() if value is not None}
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-m", "agentpost._cli", *arguments]
        return await asyncio.create_subprocess_exec(*command, env=variables, stdin=pipe, stdout=pipe, stderr=pipe)


@pytest.fixture
def shell(tmp_path: Path, tenant: Tenant) -> Shell:
    return Shell(tmp_path, AGENTPOST_BASE_URL=tenant.server.url, AGENTPOST_API_KEY=tenant.organization.test_key)


async def test_every_call_is_a_command(shell: Shell) -> None:
    made = await shell("inboxes", "create", "--username", "support", "--metadata", '{"team": "blue"}')
    assert made.code == 0, made.complaint
    inbox = made.json
    assert (await shell("inboxes", "get", inbox["id"])).json == inbox
    emptied = await shell("inboxes", "update", inbox["id"], "--display-name", "x", "--unset", "metadata")
    assert (emptied.json["display_name"], emptied.json["metadata"]) == ("x", {})
    await shell("inboxes", "create")
    rows = (await shell("inboxes", "list", "--all", "--limit", "1")).out.splitlines()
    assert len([json.loads(row) for row in rows]) == 2
    gone = await shell("inboxes", "delete", inbox["id"])
    assert (gone.code, gone.out) == (0, "")


async def test_exit_codes_and_errors_for_programs(shell: Shell) -> None:
    missing = await shell("inboxes", "get", "inb_01JQ8XK3B2M4N6P8R0S2T4V6W8")
    assert (missing.code, missing.out) == (4, "")
    assert json.loads(missing.complaint)["error"]["code"] == "not_found"
    assert (await shell("inboxes", "list", AGENTPOST_API_KEY="ap_sk_test_wrong")).code == 3
    assert (await shell("inboxes", "list", AGENTPOST_API_KEY=None)).code == 3
    assert (await shell("inboxes", "create", "--username", "a b")).code == 1
    assert (await shell("inboxes", "nothing")).code == 2
    assert (await shell("inboxes", "create", "--metadata", "{")).code == 2
    assert (await shell("--api-key", "ap_sk_x", "inboxes", "list")).code == 2
    nobody = await shell("inboxes", "list", AGENTPOST_BASE_URL="http://127.0.0.1:1")
    assert (nobody.code, json.loads(nobody.complaint)["error"]["code"]) == (1, "not_reached")


async def test_a_key_comes_by_stdin_or_by_profile(shell: Shell, tenant: Tenant) -> None:
    key, url = tenant.organization.test_key, tenant.server.url
    bare = shell.without_settings()
    assert (await bare("--api-key", "-", "--base-url", url, "whoami", given=f"{key}\n")).code == 0
    kept = await bare("login", "--name", "here", "--base-url", url, given=f"{key}\n")
    assert kept.code == 0, kept.complaint
    assert key not in kept.out + kept.complaint
    file = Path(shell.variables["XDG_CONFIG_HOME"]) / "agentpost" / "profiles.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert (await bare("whoami")).json["organization_id"] == tenant.organization_id
    assert (await bare("--profile", "nobody", "whoami")).code == 3
    refused = await bare("login", "--name", "bad", "--base-url", url, given="ap_sk_test_wrong\n")
    assert refused.code == 3
    assert [one["name"] for one in (await bare("profiles")).json["data"]] == ["here"]
    assert (await bare("logout")).code == 0
    assert (await bare("whoami")).code == 3


async def test_login_picks_up_the_local_servers_keys(shell: Shell, tenant: Tenant, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(
        json.dumps({"live_key": tenant.organization.live_key, "test_key": tenant.organization.test_key})
    )
    (tmp_path / "status.json").write_text(json.dumps({"api_url": f"{tenant.server.url}/api/v1"}))
    bare = shell.without_settings()
    kept = await bare("login", "--data", str(tmp_path))
    assert kept.code == 0, kept.complaint
    assert (await bare("doctor")).code == 0
    sandbox = await bare("--profile", "local-sandbox", "whoami")
    assert sandbox.json["key"]["kind"] == "test"


async def test_send_and_wait(shell: Shell, client: AsyncAgentPost, tmp_path: Path) -> None:
    inbox = await client.inboxes.create(username="signup")
    (tmp_path / "a.txt").write_text("attached")
    sent = await shell(
        "send",
        "--to",
        "delivered@sandbox.test",
        "--subject",
        "Hi",
        "--attach",
        str(tmp_path / "a.txt"),
        given="From a pipe.",
    )
    assert sent.code == 0, sent.complaint
    assert (sent.json["text_body"], sent.json["attachments"][0]["filename"]) == ("From a pipe.", "a.txt")
    waiting = asyncio.create_task(shell("wait", "--inbox", inbox.email, "--code"))
    await asyncio.sleep(3)
    await client.sandbox.deliver(
        inbox_id=inbox.id, from_address="x@y.example", subject="Sign in", text_body="Your code is 482913."
    )
    assert (await waiting).out == "482913\n"
    late = await shell("wait", "--timeout", "0.2")
    assert late.code == 5


@pytest_asyncio.fixture
async def hook() -> AsyncGenerator[tuple[str, asyncio.Queue[tuple[dict[str, str], bytes]]]]:
    heard: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head)}
        heard.put_nowait((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", heard
    server.close()


async def test_listen_forwards_what_trigger_causes(
    shell: Shell, client: AsyncAgentPost, hook: tuple[str, asyncio.Queue[tuple[dict[str, str], bytes]]]
) -> None:
    url, heard = hook
    await client.inboxes.create(username="support")
    listener = await shell.start("listen", "--types", "message.received", "--forward", url)
    try:
        assert listener.stderr is not None
        secret = (await listener.stderr.readline()).decode().split()[-1]
        await asyncio.sleep(2)
        assert (await shell("trigger", "message.received", "--subject", "Tried")).code == 0
        headers, body = await asyncio.wait_for(heard.get(), 30)
        event = webhooks.unwrap(body, headers, secret)
        assert (event.type, event.data["subject"]) == ("message.received", "Tried")
        assert listener.stdout is not None
        assert json.loads(await asyncio.wait_for(listener.stdout.readline(), 30)) == event.to_dict()
    finally:
        listener.kill()
        await listener.wait()
    assert (await shell("trigger", "message.bounced")).json["to_addresses"][0]["email"] == "bounced@sandbox.test"
    assert (await shell("trigger", "domain.verified")).code == 2


async def test_logs_tell_of_requests(shell: Shell) -> None:
    await shell("inboxes", "create")
    rows = ""
    for _ in range(20):
        # Requests are written down in batches, a moment later.
        if "POST" in (rows := (await shell("logs")).out):
            break
    assert json.loads(rows.splitlines()[-1])["path"].startswith("/api/v1/")


async def test_the_tree_names_everything(shell: Shell) -> None:
    tree = (await shell("commands")).json
    groups = {one["command"]: one for one in tree["commands"]}
    assert {"agentpost send", "agentpost inboxes", "agentpost filter-rules"} <= groups.keys()
    create = next(one for one in groups["agentpost inboxes"]["commands"] if one["command"].endswith("create"))
    assert "--display-name" in [flag for option in create["options"] for flag in option["flags"]]
    assert "_AGENTPOST_COMPLETE" in (await shell("completion", "bash")).out


def test_help_loads_no_http_and_no_tables() -> None:
    code = (
        "import sys\nfrom agentpost._cli.main import run\nrun(['--help'])\nprint(sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"'httpx2'", "'rich.table'", "'ssl'"} & set(done.stderr.strip("[]\n").split(", "))


def test_tables_show_mail_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    from agentpost._cli.table import table
    from agentpost._core.model import decode

    hostile = {"id": "msg_1", "subject": "\x1b[2J[red]Win\u202e\x07[/red]", "text_body": "a\x9bb"}
    table(decode("Message", hostile))
    shown = capsys.readouterr().out
    assert "[red]Win" in shown
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
