"""What is tried again, how often, with which key; and what every refusal becomes."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from agentpost import AgentPost, AsyncAgentPost, errors
from scripted import Scripted, Step, scripted

_SENT = Step(201, {"id": "msg_1", "status": "queued"})
_SOON = {"retry-after-ms": "1"}


def _client(script: Scripted, **options: Any) -> AsyncAgentPost:
    return AsyncAgentPost("ap_sk_test_x", base_url=script.url, **options)


@pytest.mark.parametrize(
    "bad",
    [
        Step(503, {"code": "unavailable"}, _SOON),
        Step(500, b"<html>", _SOON),
        Step(429, {"code": "rate_limited"}, _SOON),
        Step(408, {}, _SOON),
        Step(409, {"code": "idempotency_in_progress"}, _SOON),
        Step(drop=True),
    ],
    ids=["503", "500", "429", "408", "busy", "drop"],
)
async def test_a_send_is_repeated_with_one_key(bad: Step) -> None:
    async with scripted(bad, bad, _SENT) as script, _client(script) as client:
        assert (await client.messages.send("inb_1", to="a@b.example")).id == "msg_1"
    keys = {headers["idempotency-key"] for _, headers, _ in script.requests}
    bodies = {body for _, _, body in script.requests}
    assert (len(script.requests), len(keys), len(bodies)) == (3, 1, 1)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_json", errors.BadRequest),
        (401, "invalid_key", errors.Unauthenticated),
        (403, "missing_scope", errors.PermissionDenied),
        (404, "not_found", errors.NotFound),
        (409, "revision_conflict", errors.Conflict),
        (410, "event_expired", errors.Gone),
        (413, "body_too_large", errors.Invalid),
        (422, "validation_failed", errors.Invalid),
        (431, "headers_too_large", errors.Invalid),
        (418, "teapot", errors.APIError),
    ],
)
async def test_what_will_not_change_is_not_repeated(status: int, code: str, kind: type[errors.APIError]) -> None:
    body = {
        "code": code,
        "detail": "No.",
        "fix": "Do otherwise.",
        "errors": [{"field": "to", "message": "m", "code": "c"}],
    }
    async with scripted(Step(status, body)) as script, _client(script) as client:
        with pytest.raises(errors.APIError) as caught:
            await client.messages.send("inb_1", to="a@b.example")
    assert type(caught.value) is kind
    assert str(caught.value) == f"{status} {code}: No. Do otherwise. [req_scripted]"
    assert caught.value.errors[0]["field"] == "to"
    assert len(script.requests) == 1


async def test_the_last_failure_is_told() -> None:
    bad = Step(503, {"code": "unavailable", "detail": "Later."}, _SOON)
    async with scripted(bad, bad, bad) as script, _client(script) as client:
        with pytest.raises(errors.ServerError, match="503 unavailable: Later"):
            await client.inboxes.create()
    assert len(script.requests) == 3


async def test_a_server_that_says_when_is_believed() -> None:
    steps = (
        Step(429, {"code": "rate_limited"}, {"retry-after": "1"}),
        Step(
            503,
            {},
            {
                "retry-after": format_datetime(datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC), usegmt=True),
                "date": format_datetime(datetime(2026, 1, 1, 12, tzinfo=UTC), usegmt=True),
            },
        ),
        Step(200, {"data": [], "next_page_token": None}),
    )
    async with scripted(*steps) as script, _client(script) as client:
        began = time.monotonic()
        await client.inboxes.list()
        assert time.monotonic() - began >= 2
    assert len(script.requests) == 3


async def test_a_server_that_says_much_later_is_not_waited_for() -> None:
    async with (
        scripted(Step(429, {"code": "rate_limited"}, {"retry-after": "3600"})) as script,
        _client(script) as client,
    ):
        with pytest.raises(errors.RateLimited) as caught:
            await client.inboxes.create()
    assert caught.value.retry_after == 3600


async def test_timeout_bounds_the_whole_call() -> None:
    stall = Step(stall=True)
    async with scripted(stall, stall, stall) as script, _client(script, timeout=0.5) as client:
        began = time.monotonic()
        with pytest.raises(errors.TimedOut):
            await client.inboxes.create()
        assert time.monotonic() - began < 5
    assert len(script.requests) == 1


async def test_nobody_there() -> None:
    client = AsyncAgentPost("ap_sk_test_x", base_url="http://127.0.0.1:1", retries=0)
    with pytest.raises(errors.ConnectionFailed, match="GET /inboxes"):
        await client.inboxes.list()


async def test_the_plain_client_repeats_too() -> None:
    bad = Step(503, {"code": "unavailable"}, _SOON)
    async with scripted(bad, _SENT) as script:
        with AgentPost(lambda: "ap_sk_test_called", base_url=script.url) as client:
            sent = await asyncio.to_thread(client.messages.send, "inb_1", to=["a@b.example"])
    assert sent.status == "queued"
    assert [headers["authorization"] for _, headers, _ in script.requests] == ["Bearer ap_sk_test_called"] * 2


async def test_a_key_may_be_fetched() -> None:
    async def fetch() -> str:
        return "ap_sk_test_fetched"

    async with scripted(_SENT) as script, AsyncAgentPost(fetch, base_url=script.url) as client:
        await client.messages.send("inb_1", to="a@b.example")
        assert script.requests[0][1]["authorization"] == "Bearer ap_sk_test_fetched"
    with pytest.raises(errors.ConfigurationError, match="async"):
        AgentPost(fetch, base_url="http://127.0.0.1:1").inboxes.create()


async def test_what_a_newer_server_says_breaks_nothing() -> None:
    newer = {
        "id": "msg_1",
        "status": "levitating",
        "direction": "sideways",
        "aura": {"colour": "blue"},
        "attachments": [{"id": "att_1", "x": 1}],
    }
    async with scripted(Step(200, newer)) as script, _client(script) as client:
        message = await client.messages.get("msg_1")
    assert (message.status, message.subject, message.attachments[0].id) == ("levitating", None, "att_1")
    assert message.to_dict() == newer


async def test_moments_and_octets_travel() -> None:
    async with scripted(_SENT) as script, _client(script) as client:
        later = datetime(2026, 3, 1, 13, tzinfo=UTC) + timedelta(milliseconds=5)
        await client.messages.send("inb/1", to="a@b.example", send_at=later, attachments=[{"content": b"\x00\xff"}])  # pyright: ignore[reportArgumentType]
        with pytest.raises(ValueError, match="time zone"):
            await client.messages.send("inb_1", to="a@b.example", send_at=datetime(2026, 3, 1))
    first, headers, body = script.requests[0]
    assert first == "POST /api/v1/inboxes/inb%2F1/messages HTTP/1.1"
    assert headers["user-agent"].startswith("agentpost-python/")
    assert body == b'{"to":["a@b.example"],"attachments":[{"content":"AP8="}],"send_at":"2026-03-01T13:00:00.005Z"}'
