"""A hundred approvals at once, by four processes, by keys and by links: one decision, one mail."""

import asyncio
import base64
import contextlib
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2 as httpx
import pytest

from harness import API, Tenant, data_folder, new_tenant, running_server
from holding.approving import held
from outbound.sending import Json, events, history, settled

_CHILD = Path(__file__).parent / "server_child.py"
_LARGE = {"content": base64.b64encode(bytes(400_000)).decode(), "filename": "large.bin"}


@contextlib.asynccontextmanager
async def _process(database_url: str) -> AsyncGenerator[str]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_CHILD),
        database_url,
        str(data_folder(database_url)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": str(_CHILD.parent.parent), "PATH": "/usr/bin:/bin"},
    )
    try:
        assert child.stdout is not None
        async with asyncio.timeout(60):
            while not (line := (await child.stdout.readline()).decode().strip()).startswith("http"):
                assert line or child.returncode is None, "the process did not start"
        yield line
    finally:
        child.kill()
        await child.wait()


@pytest.mark.parametrize("files", [[], [_LARGE]], ids=["small", "large"])
async def test_a_hundred_approvals_by_four_processes_send_one_mail(own_database: str, files: list[Json]) -> None:
    async with (
        running_server(own_database) as server,
        new_tenant(server) as tenant,
        _process(own_database) as second,
        _process(own_database) as third,
        _process(own_database) as fourth,
    ):
        message = await held(tenant, to=["delivered@sandbox.test"], attachments=files)
        keys = [await _key(tenant, n) for n in range(4)]
        path = f"{API}/messages/{message['id']}/approve"
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            answers = await asyncio.gather(
                *(
                    http.post(
                        (server.url, second, third, fourth)[n % 4] + path,
                        json={"revision": 1, **({"changes": {"subject": f"By {n}"}} if n % 3 == 0 else {})},
                        headers={"Authorization": f"Bearer {keys[n % 4]}"},
                    )
                    for n in range(100)
                )
            )
        codes = Counter((one.status_code, one.json().get("code")) for one in answers)
        assert codes[200, None] == 1, codes
        assert {code for status, code in codes if status != 200} <= {"already_decided", "revision_conflict", "conflict"}
        won = next(one.json() for one in answers if one.status_code == 200)
        await settled(tenant.http, message["id"], "delivered")
        kinds = [kind for kind, _ in await history(tenant.http, message["id"])]
        assert (kinds.count("approved"), kinds.count("sending"), kinds.count("delivered")) == (1, 1, 1)
        told = Counter(kind for kind, _ in await events(tenant))
        assert (told["message.approved"], told["message.queued"], told["message.sent"]) == (1, 1, 1)
        raw = (await tenant.http.get(f"/messages/{message['id']}/raw")).content
        assert len(raw) == won["size"]
        assert f"Subject: {won['subject']}".encode() in raw


async def _key(tenant: Tenant, n: int) -> str:
    made = await tenant.http.post("/api-keys", json={"name": f"boss {n}", "scopes": ["drafts:approve"]})
    return made.json()["key"]


async def test_approval_rejection_and_calling_off_at_once_are_one_decision(tenant: Tenant) -> None:
    for _ in range(5):
        message = await held(tenant)
        key = await _key(tenant, 0)
        async with httpx.AsyncClient(
            base_url=tenant.server.url + API, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60
        ) as boss:
            path = f"/messages/{message['id']}"
            answers = await asyncio.gather(
                boss.post(f"{path}/approve", json={"revision": 1}),
                boss.post(f"{path}/reject", json={}),
                tenant.http.post(f"{path}/cancel", json={}),
            )
        assert sorted(one.status_code for one in answers) == [200, 409, 409] or answers[2].status_code == 200
        stands = (await tenant.http.get(path)).json()
        assert stands["status"] in ("queued", "sending", "delivered", "rejected", "cancelled")
        told = [kind for kind, data in await events(tenant) if data.get("message_id") == message["id"]]
        ends = [kind for kind in told if kind in ("message.approved", "message.rejected")]
        assert len(ends) <= 1
        assert (stands["status"] == "rejected") == ("message.rejected" in ends)
