"""Idempotency-Key (SPEC 3): one effect, its first answer byte for byte, and nobody else's business."""

import asyncio
from typing import Any

import httpx2 as httpx
import pytest

from agentpost_server.web.store import lock_key
from harness import Tenant, client

_LETTER = {"to": ["a@b.example"], "subject": "Once", "text_body": "x"}


async def _inbox(http: httpx.AsyncClient) -> str:
    return (await http.post("/inboxes", json={})).json()["id"]


async def _post(http: httpx.AsyncClient, path: str, body: Any, key: str, **headers: str) -> httpx.Response:
    return await http.post(path, json=body, headers={"Idempotency-Key": key, **headers})


async def test_a_replay_is_the_first_answer_byte_for_byte(tenant: Tenant) -> None:
    inbox = await _inbox(tenant.http)
    path = f"/inboxes/{inbox}/messages"
    first = await _post(tenant.http, path, _LETTER, "k")
    assert (first.status_code, first.headers.get("Idempotent-Replayed")) == (201, None)
    await asyncio.sleep(0.3)  # meanwhile it goes on: the message would read otherwise now
    again = await _post(tenant.http, path, _LETTER, "k")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    for verb, body in (("reply-all", {"text_body": "y"}), ("forward", {"to": ["c@d.example"]})):
        path = f"/messages/{first.json()['id']}/{verb}"
        answers = [await _post(tenant.http, path, body, verb) for _ in range(2)]
        assert answers[0].status_code == 201, verb
        assert answers[0].content == answers[1].content, verb
    assert len((await tenant.http.get("/messages")).json()["data"]) == 3


async def test_h33_while_the_first_is_running_it_is_409_at_once(tenant: Tenant) -> None:
    organization_id = tenant.organization.organization_id
    path = f"/inboxes/{await _inbox(tenant.http)}/messages"
    async with tenant.server.database.transaction(organization_id) as tx:
        assert await lock_key(tx, organization_id, "running")
        for where, body in (("/inboxes", {}), (path, _LETTER)):
            answer = await asyncio.wait_for(_post(tenant.http, where, body, "running"), 2)
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
            assert int(answer.headers["Retry-After"]) >= 1
    assert (await _post(tenant.http, path, _LETTER, "running")).status_code == 201


@pytest.mark.parametrize(
    ("key", "status"), [("k" * 256, 201), ("k" * 257, 400), ("", 400), ("ä", 400), ("a\tb", 400), ("order 42", 201)]
)
async def test_h34_a_key_is_1_to_256_printable_characters(tenant: Tenant, key: str, status: int) -> None:
    answer = await tenant.http.post("/inboxes", json={}, headers=[(b"Idempotency-Key", key.encode())])
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["code"] == "invalid_idempotency_key"


async def test_h35_another_tenants_key_is_another_key(tenant: Tenant, stranger: Tenant) -> None:
    first = await _post(tenant.http, "/inboxes", {"display_name": "mine"}, "same")
    theirs = await _post(stranger.http, "/inboxes", {"display_name": "theirs"}, "same")
    assert (first.status_code, theirs.status_code) == (201, 201)
    assert "Idempotent-Replayed" not in theirs.headers
    assert first.json()["id"] != theirs.json()["id"]


async def test_h32_the_fingerprint_holds_method_path_environment_and_body(tenant: Tenant) -> None:
    await tenant.http.post("/environments", json={"name": "B", "slug": "b"})
    inbox = await _inbox(tenant.http)
    assert (await _post(tenant.http, "/inboxes", {}, "k")).status_code == 201
    for answer in (
        await _post(tenant.http, "/inboxes", {"display_name": "x"}, "k"),
        await _post(tenant.http, "/inboxes", {}, "k", **{"AgentPost-Environment": "b"}),
        await _post(tenant.http, f"/inboxes/{inbox}/pause", {}, "k"),
        await tenant.http.patch(f"/inboxes/{inbox}", json={}, headers={"Idempotency-Key": "k"}),
        await _post(tenant.http, f"/inboxes/{inbox}/messages", _LETTER, "k"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused"), answer.request.url
    # The environment that is implied and the same one named are one request.
    named = await _post(tenant.http, "/inboxes", {}, "k", **{"AgentPost-Environment": "default"})
    assert named.headers["Idempotent-Replayed"] == "true"


async def test_the_fingerprint_holds_what_the_key_may_touch(tenant: Tenant) -> None:
    """A narrower key does not get to read a wider one's answer; an equal one does."""
    inbox = await _inbox(tenant.http)
    path = f"/inboxes/{inbox}/messages"
    assert (await _post(tenant.http, path, _LETTER, "k")).status_code == 201
    made = [
        (await tenant.http.post("/api-keys", json={"name": "k", **reach})).json()["key"]
        for reach in (
            {"scopes": ["messages:send"]},
            {"scopes": ["*"], "inbox_ids": [inbox]},
            {"scopes": ["*"]},
        )
    ]
    answers: list[tuple[int, str | None]] = []
    for key in made:
        async with client(tenant.server, key) as http:
            answer = await _post(http, path, _LETTER, "k")
            answers.append((answer.status_code, answer.headers.get("Idempotent-Replayed")))
    assert answers == [(422, None), (422, None), (201, "true")]


async def test_who_may_not_or_sends_nonsense_is_told_so_before_any_replay(tenant: Tenant) -> None:
    assert (await _post(tenant.http, "/inboxes", {}, "k")).status_code == 201
    narrow = await tenant.http.post("/api-keys", json={"name": "n", "scopes": ["inboxes:read"]})
    for key, status in ((None, 401), (narrow.json()["key"], 403)):
        async with client(tenant.server, key) as http:
            assert (await _post(http, "/inboxes", {}, "k")).status_code == status
    wrong = await _post(tenant.http, "/inboxes", {"unknown": 1}, "k")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "validation_failed")


async def test_an_error_is_not_kept(tenant: Tenant) -> None:
    """The same request with the same key works once what was wrong is put right."""
    inbox = await _inbox(tenant.http)
    path = f"/inboxes/{inbox}/messages"
    suppressed = (await tenant.http.post("/suppressions", json={"email": "a@b.example"})).json()["id"]
    first = await _post(tenant.http, path, _LETTER, "k")
    assert (first.status_code, first.json()["code"]) == (422, "all_recipients_suppressed")
    await tenant.http.delete(f"/suppressions/{suppressed}")
    await tenant.http.post(f"/inboxes/{inbox}/pause")
    assert (await _post(tenant.http, path, _LETTER, "k")).json()["code"] == "inbox_paused"
    await tenant.http.post(f"/inboxes/{inbox}/resume")
    assert (await _post(tenant.http, path, _LETTER, "k")).status_code == 201


async def test_what_could_not_be_committed_is_not_answered_for(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit before the answer: when it fails there is neither effect nor kept answer."""
    from agentpost_server.web import idempotency  # the verb's own module is patched

    async def failing(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "keep_answer", failing)
        assert (await _post(tenant.http, "/inboxes", {}, "k")).status_code == 503
    assert (await tenant.http.get("/inboxes")).json()["data"] == []
    again = await _post(tenant.http, "/inboxes", {}, "k")
    assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (201, None)
