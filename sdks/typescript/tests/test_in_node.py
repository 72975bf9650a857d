"""The built TypeScript client in Node, against a real server: its own tests, webhooks as we sign them, a restart."""

import asyncio
import json
import os
import time
from pathlib import Path

from agentpost import AsyncAgentPost
from agentpost_server.webhooks.signing import new_secret, sign
from harness import Tenant, new_tenant, running_server

_FOLDER = Path(__file__).parents[1]


async def _node(*arguments: str, given: bytes = b"", **environment: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "node",
        *arguments,
        cwd=_FOLDER,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(given)
    return process.returncode or 0, said.decode()


async def test_its_own_tests_pass(tenant: Tenant) -> None:
    code, said = await _node(
        "--test",
        "tests/story.test.mjs",
        "tests/retries.test.mjs",
        AGENTPOST_BASE_URL=tenant.server.url,
        AGENTPOST_API_KEY=tenant.organization.test_key,
    )
    assert code == 0, said


async def test_webhooks_as_we_sign_them() -> None:
    secret, old, now = new_secret(), new_secret(), int(time.time())
    body = '{"id": "evt_1", "type": "message.received", "data": {"subject": "Grüße"}}'
    both = sign("evt_1", now, body.encode(), [secret, old])
    standard = {name: value for name, value in both.items() if name.startswith("webhook")}
    plain = {name: value for name, value in both.items() if name.startswith("x-")}
    svix = {name.replace("webhook", "Svix"): value for name, value in standard.items()}
    mismatch = "no signature matches: is it this endpoint's secret, and the body's raw octets?"
    cases = [
        (body, standard, secret, "evt_1"),
        (body, plain, secret, "evt_1"),
        (body, svix, [new_secret(), old], "evt_1"),
        (body, plain, old, "evt_1"),
        (body + " ", standard, secret, mismatch),
        (body + " ", plain, secret, mismatch),
        (body, standard, new_secret(), mismatch),
        (body, plain, new_secret(), mismatch),
        (body, standard, "", mismatch),
        (body, {**standard, "webhook-signature": "v1,é"}, secret, mismatch),
        (body, {**plain, "x-agentpost-signature": "00"}, secret, mismatch),
        (body, {}, secret, "the delivery is not signed"),
        (body, {**standard, "webhook-timestamp": "1e9"}, secret, "the timestamp is not unix seconds"),
        (body, sign("evt_1", now - 302, body.encode(), [secret]), secret, "the timestamp is too old"),
        (body, sign("evt_1", now + 330, body.encode(), [secret]), secret, "the timestamp is in the future"),
    ]
    asked = [{"body": text, "headers": headers, "secret": one} for text, headers, one, _ in cases]
    code, said = await _node("tests/unwrap.mjs", given=json.dumps(asked).encode())
    assert code == 0, said
    assert json.loads(said) == [outcome for *_, outcome in cases]


async def test_a_dying_server_loses_and_repeats_nothing(own_database: str) -> None:
    async with running_server(own_database) as first, new_tenant(first) as tenant:
        port = int(first.url.rsplit(":", 1)[1])
        listener = await asyncio.create_subprocess_exec(
            "node",
            "tests/listen.mjs",
            cwd=_FOLDER,
            env={**os.environ, "AGENTPOST_BASE_URL": first.url, "AGENTPOST_API_KEY": tenant.organization.test_key},
            stdout=asyncio.subprocess.PIPE,
        )
        await asyncio.sleep(2)
    try:
        made: list[str] = []
        for _ in range(2):
            async with running_server(own_database, port=port) as server:
                async with AsyncAgentPost(tenant.organization.test_key, base_url=server.url, retries=6) as other:
                    made += [(await other.inboxes.create()).email for _ in range(2)]
                await asyncio.sleep(1)
        assert listener.stdout is not None
        async with running_server(own_database, port=port), asyncio.timeout(60):
            heard = [(await listener.stdout.readline()).decode().strip() for _ in made]
        assert heard == made
    finally:
        listener.kill()
        await listener.wait()
