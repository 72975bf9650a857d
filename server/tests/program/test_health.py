"""/healthz, /readyz and /metrics: truthful, quick, and never in the way."""

import asyncio

import httpx2 as httpx
import pytest

from agentpost_server.core.errors import Unavailable
from agentpost_server.web import health
from agentpost_server.web.health import Health
from agentpost_server.web.metrics import Growth
from harness import Server, Tenant


async def test_a_ready_server_says_so_and_why(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        answer = await http.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "blobs": "ok", "migrations": "ok"}}


async def test_metrics_name_no_tenant(tenant: Tenant) -> None:
    await tenant.http.get("/inboxes")
    async with httpx.AsyncClient(base_url=tenant.server.url, trust_env=False) as http:
        await http.get("/readyz")
        text = (await http.get("/metrics")).text
    for name in ("agentpost_http_request_seconds_bucket", "agentpost_smtp_accepted_total", "agentpost_ready 1.0"):
        assert name in text
    assert "process_resident_memory_bytes" in text
    assert "agentpost_log_head" in text
    assert str(tenant.organization.organization_id) not in text
    assert tenant.organization_id not in text


async def test_a_failed_check_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_EVERY_SECONDS", 0.01)
    wrong: list[Exception | str | None] = [None]

    async def check() -> str | None:
        if isinstance(wrong[0], Exception):
            raise wrong[0]
        return wrong[0]

    watched = Health({"disk": check})
    await watched.start()
    for reason, told in (
        (None, "ok"),
        (OSError("/secret/path"), "OSError"),
        ("not run: 0002", "not run: 0002"),
        (Unavailable("The database is away.", fix="Wait."), "The database is away."),
        (None, "ok"),
    ):
        wrong[0] = reason
        await asyncio.sleep(0.1)
        assert watched.report().checks == {"disk": told}
        assert watched.report().status == ("ready" if told == "ok" else "not_ready")
    watched.drain()
    assert watched.report().status == "not_ready"
    await watched.close()


async def test_a_check_that_hangs_is_not_ready_and_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(health, "_FRESH_SECONDS", 0.1)
    asked = 0

    async def check() -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            await asyncio.Event().wait()

    watched = Health({"disk": check})
    await watched.start()
    assert watched.report().status == "ready"
    await asyncio.sleep(0.3)
    assert watched.report().checks == {"disk": "no answer for 0.1 s"}
    assert asked == 2
    await watched.close()


def test_growth_hands_on_what_was_added() -> None:
    class Total:
        value = 0

        def inc(self, amount: int) -> None:
            self.value += amount

    total, growth = Total(), Growth()
    for seen in (0, 3, 3, 10):
        growth.add(total, seen)
        assert total.value == seen
