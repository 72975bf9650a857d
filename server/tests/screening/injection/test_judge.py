"""The configured model: asked in the shape of a chat endpoint, within budget and time, and believed upwards only."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest

from agentpost_server.core import ids
from agentpost_server.screening.injection import Asked, Judge, Judgement, configured
from agentpost_server.settings import Settings, SettingsError
from harness import Tenant, new_tenant, running_server
from inbound.mailing import mail, new_inbox, send

_LOW = Judgement(0.2, "rules@1", ())


class Endpoint:
    """A stand-in for a chat endpoint that keeps what it is sent; `answer` is the completion's text, or a status."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.answer: str | int = '{"score": 0.8}'
        self.tokens: int | None = 100
        self.release = asyncio.Event()
        self.release.set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers["content-length"]))
        self.asked.append((head[0], headers, msgspec.json.decode(body)))
        await self.release.wait()
        status, text = (self.answer, "no") if isinstance(self.answer, int) else (200, self.answer)
        usage = {} if self.tokens is None else {"usage": {"total_tokens": self.tokens, "prompt_tokens": 1}}
        said = msgspec.json.encode(
            {"id": "x", "object": "chat.completion", "choices": [{"message": {"role": "assistant", "content": text}}]}
            | usage
        )
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(said)}\r\nConnection: close\r\n\r\n".encode() + said)
        await writer.drain()
        writer.close()


@pytest.fixture
async def endpoint() -> AsyncGenerator[Endpoint]:
    stand_in = Endpoint()
    listening = await asyncio.start_server(stand_in.serve, "127.0.0.1", 0)
    stand_in.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    yield stand_in
    stand_in.release.set()
    listening.close()


def _settings(endpoint: Endpoint, **more: Any) -> Settings:
    return Settings(model_url=endpoint.url, model_key="k-123", model_name="tiny", **more)


def _judge(tenant: Tenant, settings: Settings) -> Judge:
    return Judge(tenant.server.database, settings, configured(settings))


def _asked(tenant: Tenant, judgement: Judgement = _LOW, content: str = "Subject: hi\n\nwords") -> Asked:
    return Asked(organization_id=tenant.organization.organization_id, judgement=judgement, content=content)


async def _spent(tenant: Tenant) -> int:
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        return await tx.value("SELECT COALESCE(sum(tokens), 0)::bigint FROM model_spending")


async def test_the_question_has_the_shape_of_a_chat_completion(tenant: Tenant, endpoint: Endpoint) -> None:
    judge = _judge(tenant, _settings(endpoint))
    [judged] = await judge.judged([_asked(tenant)])
    judge.close()
    assert (judged.score, judged.detector) == (0.8, "rules@1+tiny")
    assert [(one.name, one.weight, one.where) for one in judged.factors] == [("model", 0.8, "mail")]
    [(line, headers, body)] = endpoint.asked
    assert line == "POST /v1/chat/completions HTTP/1.1"
    assert headers["authorization"] == "Bearer k-123"
    assert headers["content-type"] == "application/json"
    assert {key: body[key] for key in ("model", "temperature", "max_tokens", "response_format")} == {
        "model": "tiny", "temperature": 0, "max_tokens": 60, "response_format": {"type": "json_object"},
    }  # fmt: skip
    system, user = body["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    mark, *content, end = user["content"].split("\n")
    assert mark == end
    assert mark in system["content"]
    assert "\n".join(content) == "Subject: hi\n\nwords"
    assert await _spent(tenant) == 100


async def test_it_never_lowers_a_score_and_is_not_asked_where_the_rules_are_sure(
    tenant: Tenant, endpoint: Endpoint
) -> None:
    endpoint.answer = '{"score": 0.1}'
    judge = _judge(tenant, _settings(endpoint))
    high, sure = Judgement(0.6, "rules@1", ()), Judgement(0.97, "rules@1", ())
    found = await judge.judged([_asked(tenant, sure), _asked(tenant, high)])
    judge.close()
    assert [(one.score, one.detector) for one in found] == [(0.97, "rules@1"), (0.6, "rules@1+tiny")]
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    "answer", [500, 429, "I cannot help with that", '{"score": 7}', '{"score": "high"}', "{}", "[]"]
)
async def test_without_a_usable_answer_the_rules_stand_and_it_says_so(
    tenant: Tenant, endpoint: Endpoint, answer: str | int
) -> None:
    endpoint.answer = answer
    judge = _judge(tenant, _settings(endpoint))
    [judged] = await judge.judged([_asked(tenant)])
    judge.close()
    assert (judged.score, judged.factors) == (0.2, ())
    assert judged.detector.startswith("rules@1 (no model: ")


async def test_an_endpoint_that_does_not_answer_costs_its_time_and_no_more(tenant: Tenant, endpoint: Endpoint) -> None:
    endpoint.release.clear()
    judge = _judge(tenant, _settings(endpoint, model_seconds=0.2))
    async with asyncio.timeout(20):
        found = await judge.judged([_asked(tenant) for _ in range(12)])
    judge.close()
    assert {one.score for one in found} == {0.2}
    assert all("no model" in one.detector for one in found)


async def test_the_budget_of_a_month_is_kept(tenant: Tenant, endpoint: Endpoint) -> None:
    endpoint.tokens = None
    judge = _judge(tenant, _settings(endpoint, model_tokens_per_month=1_000))
    found = [(await judge.judged([_asked(tenant)]))[0] for _ in range(12)]
    judge.close()
    asked = [one for one in found if one.detector == "rules@1+tiny"]
    assert 0 < len(asked) == len(endpoint.asked) < 12
    assert {one.detector for one in found[len(asked) :]} == {"rules@1 (no model: over budget)"}
    assert 0 < await _spent(tenant) <= 1_000


async def test_many_at_once_stay_within_the_budget(tenant: Tenant, endpoint: Endpoint) -> None:
    endpoint.tokens = None
    judges = [_judge(tenant, _settings(endpoint, model_tokens_per_month=2_000)) for _ in range(4)]
    await asyncio.gather(*[judge.judged([_asked(tenant)]) for judge in judges for _ in range(5)])
    for judge in judges:
        judge.close()
    assert 0 < await _spent(tenant) <= 2_000


async def test_five_failures_earn_it_a_rest(tenant: Tenant, endpoint: Endpoint) -> None:
    endpoint.answer = 503
    judge = _judge(tenant, _settings(endpoint))
    for _ in range(5):
        await judge.judged([_asked(tenant)])
    endpoint.answer = '{"score": 0.9}'
    [resting] = await judge.judged([_asked(tenant)])
    assert resting.detector == "rules@1 (no model: it rests after failures)"
    assert len(endpoint.asked) == 5
    judge.close()


async def test_an_endpoint_that_cannot_be_one_is_refused_at_start() -> None:
    with pytest.raises(SettingsError, match="AGENTPOST_MODEL_URL"):
        configured(Settings(model_url="ftp://models.example", model_name="x"))
    with pytest.raises(SettingsError, match="AGENTPOST_MODEL_NAME"):
        configured(Settings(model_url="https://models.example/v1"))
    assert configured(Settings()) is None


async def test_mail_that_comes_in_is_judged_by_the_model_too(own_database: str, endpoint: Endpoint) -> None:
    started = running_server(own_database, model_url=endpoint.url, model_name="tiny")
    async with started as server, new_tenant(server) as tenant:
        inbox = await new_inbox(tenant)
        assert (await send(server, mail(body="Shall we meet on Thursday?"), inbox.email)).startswith("250")
        [row] = await inbox.messages()
        message = (await tenant.http.get(f"/messages/{ids.encode('msg', row['id'])}")).json()
    assert message["screening"]["score"] == 0.8
    assert message["screening"]["detector"] == "rules@1+tiny"
    assert "Shall we meet on Thursday?" in endpoint.asked[0][2]["messages"][1]["content"]
