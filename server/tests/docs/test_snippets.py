"""Every shell and Python block of the guides runs, as it stands, against a real server.

The blocks of a page are one script, in their order. `console` blocks show what a person types and are not run.
"""

import asyncio
import hashlib
import json
import smtplib
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from agentpost_server.webhooks.signing import new_secret, sign
from docs.snippets import FENCE, ROOT, blocks, environment, run, shell
from harness import Server, Tenant

QUICKSTART = ROOT / "docs" / "quickstart.md"
RUNNABLE = {"sh", "python", "js"}


class Receiver:
    """An HTTP endpoint that remembers what it was sent."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}
        body = await reader.readexactly(int(headers["content-length"]))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await self.received.put((headers, body))


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    receiver = Receiver()
    listening = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        listening.close()


async def test_the_readme_does_what_it_says_and_its_webhook_arrives(server: Server, tenant: Tenant) -> None:
    async with receiving() as receiver:
        script = "\n".join(blocks(ROOT / "README.md", "sh"))
        said = await shell(script, environment(server, tenant, HOOK_URL=receiver.url))
        _, body = await asyncio.wait_for(receiver.received.get(), 20)
    assert "It should have come on Monday." in said
    assert said[-2:] == ["2", "inbox.created"]
    event = json.loads(body)
    assert (event["type"], event["data"]["subject"]) == ("message.received", "Where is my parcel?")


async def test_the_quickstart_does_what_it_says(server: Server, tenant: Tenant) -> None:
    said = await shell("\n".join(blocks(QUICKSTART, "sh")), environment(server, tenant))
    assert "It should have come on Monday." in said
    assert "2" in said
    assert said[-1] == "Where is my parcel?"


async def prepared(server: Server, tenant: Tenant) -> tuple[str, dict[str, str]]:
    """The quickstart's functions, and the inbox that the guides speak of."""
    inbox = (await tenant.http.post("/inboxes", json={"username": "guide"})).json()
    functions = "\n".join(blocks(QUICKSTART, "sh")[:1])
    return functions, environment(server, tenant, ID=inbox["id"], EMAIL=inbox["email"])


@pytest.mark.parametrize(
    "guide",
    [
        "search.md",
        "codes.md",
        "content.md",
        "sandbox.md",
        "smtp-in.md",
        "webhooks.md",
        "domains.md",
        "deliverability.md",
        "policies.md",
        "drafts.md",
        "filter-rules.md",
        "attachment-text.md",
        "screening.md",
        "approval.md",
        "safety.md",
        "waits.md",
        "leases.md",
        "mcp.md",
    ],
)
async def test_the_shell_blocks_of_the_guide_run(guide: str, server: Server, tenant: Tenant, tmp_path: Path) -> None:
    functions, variables = await prepared(server, tenant)
    await shell("\n".join([functions, *blocks(ROOT / "docs" / "guides" / guide, "sh")]), variables, tmp_path)


async def test_the_guide_of_attachments_runs_on_a_mail_that_has_one(server: Server, tenant: Tenant) -> None:
    functions, variables = await prepared(server, tenant)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ann@example.com", variables["EMAIL"], "With a file"
    mail.set_content("See below.")
    mail.add_attachment(b"%PDF-1.7 not really", maintype="application", subtype="pdf", filename="a.pdf")
    await deliver(server, variables["EMAIL"], mail)
    attachment = (await first_message(tenant, variables["ID"]))["attachments"][0]["id"]
    page = ROOT / "docs" / "guides" / "attachments.md"
    said = await shell("\n".join([functions, *blocks(page, "sh")]), {**variables, "ATTACHMENT": attachment})
    sent = json.loads(said[-1])
    assert sent["attachments"][0]["sha256"] == hashlib.sha256(b"hello").hexdigest()


async def deliver(server: Server, email: str, mail: EmailMessage) -> None:
    def talk() -> None:
        with smtplib.SMTP("127.0.0.1", server.smtp_port) as smtp:
            smtp.send_message(mail, "ann@example.com", [email])

    await asyncio.to_thread(talk)


async def first_message(tenant: Tenant, inbox_id: str) -> dict[str, Any]:
    for _ in range(100):
        if found := (await tenant.http.get(f"/inboxes/{inbox_id}/messages")).json()["data"]:
            return found[0]
        await asyncio.sleep(0.1)
    raise AssertionError("the mail did not arrive")


async def test_the_python_of_the_smtp_guide_delivers(server: Server, tenant: Tenant) -> None:
    _, variables = await prepared(server, tenant)
    for text in blocks(ROOT / "docs" / "guides" / "smtp-in.md", "python"):
        await run([sys.executable, "-c", text], variables)
    assert (await first_message(tenant, variables["ID"]))["subject"] == "Hello"


def sandboxed(server: Server, tenant: Tenant) -> dict[str, str]:
    return {
        **environment(server, tenant),
        "AGENTPOST_BASE_URL": server.url,
        "AGENTPOST_API_KEY": tenant.organization.test_key,
    }


async def test_the_guide_of_the_python_client_runs(server: Server, tenant: Tenant) -> None:
    script = "\n".join(blocks(ROOT / "docs" / "guides" / "python.md", "python"))
    said = await run([sys.executable, "-c", script], sandboxed(server, tenant))
    assert said[-3:] == ["482913", "working on A task", f"inbox.created {said[0]}"]


async def test_the_skill_for_coding_agents_keeps_its_form_and_runs(server: Server, tenant: Tenant) -> None:
    page = ROOT / "skills" / "agentpost" / "SKILL.md"
    _, front, body = page.read_text(encoding="utf-8").split("---\n", 2)
    name, description = (line.partition(": ")[2] for line in front.splitlines())
    assert name == page.parent.name
    assert len(description) <= 1024
    assert len(body.splitlines()) < 500
    said = await run([sys.executable, "-c", "\n".join(blocks(page, "python"))], sandboxed(server, tenant))
    assert said == ["482913"]


async def test_the_guide_of_the_command_runs(server: Server, tenant: Tenant, tmp_path: Path) -> None:
    functions, _ = await prepared(server, tenant)
    variables = sandboxed(server, tenant)
    variables["PATH"] = f"{Path(sys.executable).parent}:{variables['PATH']}"
    script = "\n".join([functions, *blocks(ROOT / "docs" / "guides" / "cli.md", "sh")])
    assert (await shell(script, variables, tmp_path))[-1] == "482913"


async def test_the_guide_of_the_typescript_client_runs(server: Server, tenant: Tenant) -> None:
    script = "\n".join(blocks(ROOT / "docs" / "guides" / "typescript.md", "js"))
    command = ["node", "--input-type=module", "-e", script]
    said = await run(command, sandboxed(server, tenant), ROOT / "sdks" / "typescript")
    assert said[-2:] == ["482913", "working on Sign in"]


def test_the_python_of_the_webhook_guide_tells_authentic_from_not() -> None:
    names: dict[str, object] = {}
    exec("\n".join(blocks(ROOT / "docs" / "guides" / "webhooks.md", "python")), names)
    is_authentic = names["is_authentic"]
    assert callable(is_authentic)
    secret, other, body, moment = new_secret(), new_secret(), b'{"id":"evt_1"}', int(time.time())
    headers = sign("dlv_1", moment, body, [other, secret])
    assert is_authentic(body, headers, secret)
    assert is_authentic(body, headers, other)
    assert not is_authentic(body + b" ", headers, secret)
    assert not is_authentic(body, headers, new_secret())
    assert not is_authentic(body, {}, secret)
    assert not is_authentic(body, sign("dlv_1", moment - 301, body, [secret]), secret)


def test_every_block_of_the_docs_is_run_or_of_a_kind_that_is_only_shown() -> None:
    shown = {"console", "json", "toml", "http", "text", "ini", "nginx"}
    runnable = {
        "README.md",
        "quickstart.md",
        "backup.md",
        *(path.name for path in (ROOT / "docs" / "guides").glob("*.md")),
    }
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for language, _ in FENCE.findall(path.read_text(encoding="utf-8")):
            allowed = shown | RUNNABLE if path.name in runnable else shown
            assert language in allowed, f"{path.relative_to(ROOT)}: a block of {language} that nothing runs"
