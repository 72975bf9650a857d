"""The one HTTP caller of the providers' transports: how far a call got, what an answer means, and what it may cost."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest
import pytest_asyncio
import trustme

from agentpost_server.ports.transport import Outcome
from agentpost_server.providers.http_api import Answer, HttpApi, HttpTiming, outcome_of
from agentpost_server.settings import SettingsError
from providers.transports import peers
from providers.transports.http_stand_in import DROP, EARLY, GARBAGE, RESET, STALL, HttpStandIn, Reply, Request

SECRET = "key-0123456789"
QUICK = HttpTiming(connect_seconds=2, wait_seconds=0.3, answer_seconds=0.3, total_seconds=3, max_connections=2)


class Fine(HttpStandIn):
    async def answer(self, request: Request) -> Reply:
        return Reply.json(200, {"fine": True})


@pytest_asyncio.fixture
async def stand_in() -> AsyncIterator[Fine]:
    made = Fine()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def api_to() -> AsyncIterator[Callable[..., HttpApi]]:
    opened: list[HttpApi] = []

    def make(url: str, timing: HttpTiming = QUICK, ssl_context: ssl.SSLContext | None = None) -> HttpApi:
        headers = {"Authorization": f"Bearer {SECRET}"}
        context = ssl_context or peers.CONTEXT
        opened.append(HttpApi(url, setting="x", secrets=[SECRET], headers=headers, timing=timing, ssl_context=context))
        return opened[-1]

    yield make
    for api in opened:
        await api.close()


async def outcome(calling: Awaitable[Answer | Outcome]) -> Outcome:
    answer = await calling
    assert isinstance(answer, Outcome)
    return answer


@pytest.mark.parametrize("fault", [DROP, RESET, STALL, GARBAGE, EARLY])
async def test_once_a_request_was_begun_only_an_answer_tells(stand_in: Fine, api_to, fault: str) -> None:
    stand_in.faults = [fault]
    said = await outcome(api_to(stand_in.url).post("/x", content=b"y" * 10))
    assert (said.status, said.transport_fault) == ("unknown", False)
    assert len(stand_in.requests) == (fault != EARLY)


async def test_where_nobody_listens_nothing_was_sent(nobodys_url: str, api_to) -> None:
    said = await outcome(api_to(nobodys_url).post("/x", content=b"y"))
    assert (said.status, said.transport_fault) == ("deferred", True)


async def test_who_found_no_free_connection_in_time_was_not_sent(stand_in: Fine, api_to) -> None:
    stand_in.faults = [STALL] * 2
    timing = msgspec.structs.replace(QUICK, answer_seconds=2)
    api = api_to(stand_in.url, timing)
    busy = [asyncio.create_task(api.post("/x", content=b"y")) for _ in range(2)]
    while len(stand_in.requests) < 2:  # noqa: ASYNC110 the other side tells by a count alone
        await asyncio.sleep(0.01)
    said = await outcome(api.post("/x", content=b"y"))
    assert (said.status, said.transport_fault) == ("deferred", True)
    for one in busy:
        one.cancel()
    await asyncio.gather(*busy, return_exceptions=True)


async def test_the_total_deadline_ends_an_answer_that_drips(stand_in: Fine, api_to) -> None:
    stand_in.pause_seconds = 2.5
    timing = msgspec.structs.replace(QUICK, answer_seconds=30, total_seconds=1)
    began = time.monotonic()
    said = await outcome(api_to(stand_in.url, timing).post("/x", content=b"y"))
    assert said.status == "unknown"
    assert time.monotonic() - began < 2.4


async def test_a_status_that_was_read_stands_whatever_became_of_the_text(stand_in: Fine, api_to) -> None:
    stand_in.faults = [Reply(202, b"short", {"Content-Length": "9999"})]
    answer = await api_to(stand_in.url).post("/x", content=b"y")
    assert isinstance(answer, Answer)
    assert answer.status == 202


async def test_an_endless_answer_is_read_up_to_a_bound_and_never_unpacked(stand_in: Fine, api_to) -> None:
    stand_in.faults = [Reply(500, b"\x1f\x8b" + b"A" * 20_000_000, {"Content-Encoding": "gzip"})]
    answer = await api_to(stand_in.url).post("/x", content=b"y")
    assert isinstance(answer, Answer)
    assert len(answer.body) == 65_536
    assert len(answer.text) <= 500
    assert stand_in.requests[0].headers["accept-encoding"] == "identity"


async def test_a_redirect_is_not_followed(stand_in: Fine, api_to) -> None:
    stand_in.faults = [Reply(307, headers={"Location": stand_in.url + "/elsewhere"})]
    answer = await api_to(stand_in.url).post("/x", content=b"y")
    assert isinstance(answer, Answer)
    assert [one.path for one in stand_in.requests] == ["/x"]
    assert outcome_of(answer, says="").transport_fault


async def test_the_environments_proxy_is_not_asked(
    stand_in: Fine, api_to, nobodys_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, nobodys_url)
    assert isinstance(await api_to(stand_in.url).post("/x", content=b"y"), Answer)


async def test_a_connection_is_kept_for_the_next_call(stand_in: Fine, api_to) -> None:
    api = api_to(stand_in.url)
    for _ in range(5):
        await api.post("/x", content=b"y")
    assert (stand_in.connections, len(stand_in.requests)) == (1, 5)


async def test_the_key_is_in_no_text_that_comes_back(stand_in: Fine, api_to) -> None:
    stand_in.faults = [Reply(400, f"Your key {SECRET}\r\nis \x1b[31mbad".encode())]
    answer = await api_to(stand_in.url).post("/x", content=b"y")
    assert isinstance(answer, Answer)
    assert answer.text == "Your key … is ?[31mbad"


async def test_a_certificate_that_nobody_vouches_for_gets_nothing() -> None:
    authority, others = trustme.CA(), trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 Fine\r\nContent-Length: 0\r\n\r\n")

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_side)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    statuses: list[str | int] = []
    for trusted in (others, authority):
        context = ssl.create_default_context()
        trusted.configure_trust(context)
        api = HttpApi(url, setting="x", secrets=[SECRET], headers={}, timing=QUICK, ssl_context=context)
        answer = await api.post("/x")
        statuses.append(answer.status)
        await api.close()
    server.close()
    assert statuses == ["deferred", 204]
    assert len(heard) == 1


@pytest.mark.parametrize(
    "url",
    ["http://api.example.com", "ftp://x", "", "https://", "https://u:p@x", "https://x/?a=b", "http://127.0.0.1.x"],
)
def test_a_base_that_would_show_the_key_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="AGENTPOST_SENDGRID_ENDPOINT"):
        HttpApi(url, setting="sendgrid_endpoint", secrets=[SECRET], headers={})


def test_a_key_that_no_header_carries_stops_the_start_and_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        HttpApi("https://x", setting="x_endpoint", secrets=["a\nb"], headers={"Authorization": "Bearer a\nb"})
    assert "a\nb" not in str(caught.value)


REFUSED, LATER, UNKNOWN = ("refused", False), ("deferred", True), ("unknown", False)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, REFUSED) for status in (400, 409, 413, 415, 422, 451)),
        *((status, LATER) for status in (401, 402, 403, 404, 405, 408, 421, 425, 429, 301, 302, 307, 308)),
        *((status, UNKNOWN) for status in (500, 502, 503, 504, 599, 303, 304)),
    ],
)
def test_what_a_status_means(status: int, expected: tuple[str, bool]) -> None:
    said = outcome_of(Answer(status=status, headers={}, body=b"", text=""), says="words")
    assert ((said.status, said.transport_fault), said.detail) == (expected, f"HTTP {status}: words")


def test_a_503_that_is_documented_as_not_taken_is_for_later_and_a_wait_is_told() -> None:
    answer = Answer(status=503, headers={"retry-after": "120"}, body=b"", text="")
    assert outcome_of(answer, says="x", not_now=(503,)).status == "deferred"
    assert outcome_of(answer, says="x", not_now=(503,)).detail == "HTTP 503: x (asks to wait 120 s)"
