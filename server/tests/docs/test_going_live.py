"""The guides of providers, relay and port 25: their settings are real and fit together, and what can run here runs."""

import asyncio
import base64
import re
import shlex
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization

from agentpost_server import settings
from agentpost_server.mail.dkim_sign import load_key
from agentpost_server.opening import failover_of, open_blobs, provider_transports, relay_of
from agentpost_server.settings import Settings
from docs.snippets import ROOT, blocks, environment, shell
from harness import new_tenant, running_server
from program.relay import listening

GUIDES = ROOT / "docs" / "guides"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FUNCTIONS = blocks(ROOT / "docs" / "quickstart.md", "sh")[0]
# What the guides' own examples and tests read, not the server.
OTHERS = {
    "AGENTPOST_" + name
    for name in ("URL", "SMTP", "API_KEY", "BASE_URL", "LOG", "CONFIG", "TEST_DATABASE_URL", "TEST_EXPLORE")
}


def exported(page: Path) -> list[tuple[str, str]]:
    """What a page's reader would set, with something in place of what is left out."""
    lines = "\n".join(blocks(page, "console")).splitlines()
    return [
        (name, value.replace("…", "x"))
        for line in lines
        if line.startswith("$ export ")
        for name, _, value in (word.partition("=") for word in shlex.split(line[len("$ export ") :], comments=True))
    ]


def test_every_setting_that_a_page_names_is_one() -> None:
    known = {f"AGENTPOST_{field.name.upper()}" for field in msgspec.structs.fields(Settings)} | OTHERS
    for page in PAGES:
        named = set(re.findall(r"\bAGENTPOST_[A-Z0-9_]*[A-Z0-9]\b", page.read_text(encoding="utf-8")))
        assert named <= known, page.name


@pytest.mark.parametrize("guide", ["ses.md", "r2.md", "relay.md", "own-mx.md"])
def test_the_settings_of_a_guide_are_taken_and_fit_together(guide: str, tmp_path: Path) -> None:
    given = dict(exported(GUIDES / guide))
    assert given
    chosen = settings.load(given)
    offered = set(provider_transports(chosen)) | ({"smtp"} if chosen.relay_url else set())
    failover_of(chosen, offered)
    if chosen.relay_url:
        assert relay_of(chosen, "mail.example.com").tls == "starttls"
    open_blobs(chosen, tmp_path)


def test_each_provider_of_the_guides_is_a_transport() -> None:
    given = dict(exported(GUIDES / "relay.md")) | dict(exported(GUIDES / "ses.md"))
    assert set(provider_transports(settings.load(given))) == {"sendgrid", "postmark", "mailgun", "ses"}


async def test_the_guide_of_the_relay_sends_by_it(own_database: str) -> None:
    async with listening() as relay:
        url = f"smtp://127.0.0.1:{relay.port}"
        given: dict[str, Any] = {"relay_url": url, "relay_tls": "none"}
        async with running_server(own_database, **given) as server, new_tenant(server) as tenant:
            inbox = (await tenant.http.post("/inboxes", json={"username": "relayed"})).json()["id"]
            script = "\n".join([FUNCTIONS, *blocks(GUIDES / "relay.md", "sh")])
            await shell(script, environment(server, tenant, ID=inbox))
            for _ in range(100):
                if relay.took["By the relay"]:
                    break
                await asyncio.sleep(0.1)
            assert relay.took["By the relay"] == 1


async def test_the_guide_of_ses_chooses_it(own_database: str) -> None:
    given: dict[str, Any] = {"ses_region": "eu-west-1", "ses_endpoint": "http://127.0.0.1:9"}
    async with running_server(own_database, **given) as server, new_tenant(server) as tenant:
        await shell("\n".join([FUNCTIONS, *blocks(GUIDES / "ses.md", "sh")]), environment(server, tenant))
        assert (await tenant.http.get("/environments")).json()["data"][0]["transport"] == "ses"


async def test_the_guide_of_ones_own_mx_makes_a_key_that_signs_and_records_to_publish(
    own_database: str, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"direct": True, "dns_servers": "127.0.0.1:9"}
    async with running_server(own_database, **given) as server, new_tenant(server) as tenant:
        script = "\n".join([FUNCTIONS, *blocks(GUIDES / "own-mx.md", "sh")])
        said = "\n".join(await shell(script, environment(server, tenant), tmp_path))
    assert "agentpost-verification=" in said
    assert "_agentpost.agents.example.org" in said
    key = load_key((tmp_path / "dkim.pem").read_bytes())
    published = (tmp_path / "dkim.txt").read_text().strip()
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert published == f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
