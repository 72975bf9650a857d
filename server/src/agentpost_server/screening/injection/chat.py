"""A model behind an OpenAI-compatible chat endpoint (`POST {base}/chat/completions`), hosted or one's own."""

from ipaddress import ip_network
from typing import Final

import msgspec

from agentpost_server.core.errors import Invalid
from agentpost_server.ports.model import Answer, ModelError
from agentpost_server.settings import SettingsError
from agentpost_server.web.fetch import (
    Egress,
    EgressPolicy,
    FetchFailure,
    FetchLimits,
    FetchRequest,
    check_url,
    fetch,
)

# The guard is for URLs of users. This client is given one URL only, the operator's own, and follows no redirect.
_ANYWHERE: Final = EgressPolicy(allow=(ip_network("0.0.0.0/0"), ip_network("::/0")))
_ANSWER_OCTETS: Final = 64 * 1024


class _Said(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Said


class _Usage(msgspec.Struct):
    total_tokens: int = 0


class _Completion(msgspec.Struct):
    """What we read of the answer."""

    choices: list[_Choice]
    usage: _Usage | None = None


_completion = msgspec.json.Decoder(_Completion)


class ChatModel:
    """One client of one endpoint. `close` when done."""

    def __init__(self, url: str, key: str, name: str, seconds: float) -> None:
        try:
            check_url(url, _ANYWHERE)
        except Invalid as error:
            raise SettingsError(f"AGENTPOST_MODEL_URL is wrong: {error.detail}") from error
        if not name:
            raise SettingsError("AGENTPOST_MODEL_NAME is missing: the endpoint wants to know which model to ask")
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._key = key
        self._name = name
        self._limits = FetchLimits(
            connect_seconds=min(2.0, seconds), total_seconds=seconds, answer_bytes=_ANSWER_OCTETS
        )
        self._egress = Egress(policy=_ANYWHERE)

    @property
    def name(self) -> str:
        return self._name

    def close(self) -> None:
        self._egress.close()

    async def ask(self, instruction: str, content: str, *, most_tokens: int) -> Answer:
        body = {
            "model": self._name,
            "messages": [{"role": "system", "content": instruction}, {"role": "user", "content": content}],
            "temperature": 0,
            "max_tokens": most_tokens,
            "response_format": {"type": "json_object"},
        }
        request = FetchRequest(
            url=self._url,
            method="POST",
            headers=self._headers(),
            body=msgspec.json.encode(body),
            limits=self._limits,
            truncate=False,
            accept_redirect=False,
        )
        answer = await fetch(self._egress, request)
        if isinstance(answer, FetchFailure):
            raise ModelError(answer.detail, may_cost=answer.error == "timeout")
        if answer.status != 200:
            raise ModelError(f"status {answer.status}")
        return _read(answer.body)

    def _headers(self) -> tuple[tuple[str, str], ...]:
        kind = ("Content-Type", "application/json")
        return (kind, ("Authorization", f"Bearer {self._key}")) if self._key else (kind,)


def _read(body: bytes) -> Answer:
    try:
        said = _completion.decode(body)
    except msgspec.DecodeError as error:
        raise ModelError("no chat completion") from error
    text = said.choices[0].message.content if said.choices else None
    if not text:
        raise ModelError("an empty answer")
    return Answer(text, max(0, said.usage.total_tokens) if said.usage is not None else 0)
