"""The operator's helpers: asked little, within bounds, and without a factor when they fail."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from agentpost_server.screening import Factor, Question, Screen, dnsbl, patience, rspamd
from agentpost_server.screening.dnsbl import Blocklists, question, read_zones
from agentpost_server.screening.rspamd import Rspamd
from agentpost_server.settings import Settings, SettingsError

_LISTED, _CLEAN = "8.8.4.4", "1.1.1.1"


def _asked(client_ip: str | None = _LISTED, raw: bytes = b"Subject: x\r\n\r\nhi\r\n") -> Question:
    return Question(
        raw=raw, mail_from="ann@example.com", recipients=("a@x.example", "b@x.example"), client_ip=client_ip, helo="mx"
    )


class Dns:
    """A stub of the system's resolver that counts what it is asked."""

    def __init__(self, answers: dict[str, Sequence[str]], error: OSError | None = None, seconds: float = 0) -> None:
        self.answers, self.error, self.seconds = answers, error, seconds
        self.asked: list[str] = []

    async def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return self.answers.get(name, ())


def test_the_question_is_the_address_backwards() -> None:
    assert question("8.8.4.4", "bl.example") == "4.4.8.8.bl.example"
    assert question("::ffff:8.8.4.4", "bl.example") == "4.4.8.8.bl.example"
    nibbles = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.8.4.1.0.0.2"
    assert question("2001:4860::1", "bl.example") == f"{nibbles}.bl.example"
    for inside in ("127.0.0.1", "10.1.2.3", "::1", "fe80::1", "nobody", ""):
        assert question(inside, "bl.example") is None


def test_zones_are_names() -> None:
    assert read_zones(" BL.example, two.example,") == ("bl.example", "two.example")
    with pytest.raises(SettingsError, match="AGENTPOST_SPAM_DNSBL"):
        read_zones("bl example")
    with pytest.raises(SettingsError, match="AGENTPOST_RSPAMD_URL"):
        Rspamd("ftp://rspamd:11333")


async def test_each_list_that_has_the_address_adds_a_factor_and_is_asked_once() -> None:
    dns = Dns(
        {"4.4.8.8.a.example": ["127.0.0.2"], "4.4.8.8.b.example": ["127.0.0.4"], "4.4.8.8.c.example": ["8.8.8.8"]}
    )
    lists = Blocklists(("a.example", "b.example", "c.example", "d.example"), dns)
    for _ in range(3):
        found = await lists.factors({_LISTED, _CLEAN})
        assert found == {_LISTED: [Factor("dnsbl", 3.0, "a.example"), Factor("dnsbl", 3.0, "b.example")], _CLEAN: []}
    assert len(dns.asked) == len(set(dns.asked)) == 8


async def test_a_list_that_refuses_to_answer_lists_nobody() -> None:
    """Lists tell a public resolver 127.255.255.254: taken for a listing, it would make all mail spam."""
    assert await Blocklists(("a.example",), Dns({"4.4.8.8.a.example": ["127.255.255.254"]})).factors({_LISTED}) == {
        _LISTED: []
    }


async def test_the_number_of_kept_answers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dnsbl, "_KEPT", 5)
    lists = Blocklists(("a.example",), Dns({}))
    for n in range(20):
        await lists.factors({f"8.8.8.{n}"})
    assert len(lists._known) == 5


async def test_dead_name_servers_cost_two_seconds_and_then_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dnsbl, "TOTAL_SECONDS", 0.05)
    dns = Dns({}, seconds=5)
    lists = Blocklists(("a.example", "b.example"), dns)
    async with asyncio.timeout(2):
        for n in range(20):
            assert await lists.factors({f"8.8.8.{n}"}) == {f"8.8.8.{n}": []}
    assert len(dns.asked) == 2 * 5


async def test_failures_add_no_factor_and_are_logged_once_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(patience.log, "warning", lambda event, **_: told.append(event))
    lists = Blocklists(("a.example",), Dns({}, error=OSError("away")))
    for n in range(4):
        assert await lists.factors({f"8.8.8.{n}"}) == {f"8.8.8.{n}": []}
    assert len(told) == 1


class Stand:
    """What the stand-in for rspamd was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[list[str], bytes]] = []
        self.url = ""


@asynccontextmanager
async def stand_in(body: bytes, status: str = "200 OK", seconds: float = 0) -> AsyncGenerator[Stand]:
    stand = Stand()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                size = next(int(one.split(":")[1]) for one in lines if one.startswith("Content-Length"))
                stand.requests.append((lines, await reader.readexactly(size)))
                await asyncio.sleep(seconds)
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    stand.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield stand
    finally:
        server.close()


_SPAM = b'{"score": 17.2, "required_score": 15, "action": "%s", "symbols": {"BAYES_SPAM": {"score": 5}, "X": {}}}'


@pytest.mark.parametrize(
    ("answer", "weight"),
    [
        (_SPAM % b"reject", 10.0),
        (_SPAM % b"add header", 6.0),
        (_SPAM % b"rewrite subject", 6.0),
        (_SPAM % b"greylist", 2.0),
        (b'{"score": 3, "required_score": 15, "action": "no action", "symbols": {}}', 1.0),
        (b'{"score": -90, "required_score": 15, "action": "no action"}', -2.0),
        (b'{"score": 3, "required_score": 0, "action": "no action"}', 0.0),
        (b'{"score": 0, "required_score": 15, "action": "reject", "is_skipped": true}', 0.0),
    ],
)
async def test_rspamds_action_decides(answer: bytes, weight: float) -> None:
    async with stand_in(answer) as stand:
        client = Rspamd(stand.url)
        [factor] = await client.factors([_asked()])
        client.close()
    assert factor is not None
    assert (factor.name, factor.weight) == ("rspamd", weight)


async def test_rspamd_gets_the_mail_and_its_envelope() -> None:
    async with stand_in(_SPAM % b"reject") as stand:
        client = Rspamd(stand.url)
        hostile = Question(raw=b"x", mail_from="a\r\nX: y", recipients=("é@x",), client_ip=None, helo=None)
        [first, second] = await client.factors([_asked(), hostile])
        client.close()
    assert first is not None
    assert first.detail == "reject: BAYES_SPAM, X"
    assert second is not None
    by_body = {body: lines for lines, body in stand.requests}
    lines = by_body[b"Subject: x\r\n\r\nhi\r\n"]
    assert lines[0] == "POST /checkv2 HTTP/1.1"
    assert {"From: ann@example.com", "Rcpt: a@x.example", "Rcpt: b@x.example", f"IP: {_LISTED}", "Helo: mx"} <= {*lines}
    assert not [line for line in by_body[b"x"] if line.startswith(("From", "Rcpt", "X:", "IP", "Helo"))]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"no", "200 OK"), (b"[]", "200 OK"), (b"{}", "200 OK"), (b"{}", "500 Oops"), (b"x" * 300_000, "200 OK")],
)
async def test_an_answer_that_is_none_adds_no_factor(body: bytes, status: str) -> None:
    async with stand_in(body, status) as stand:
        client = Rspamd(stand.url)
        assert await client.factors([_asked()]) == [None]
        client.close()


async def test_a_slow_rspamd_costs_its_time_once_a_batch_and_then_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rspamd, "TOTAL_SECONDS", 0.1)
    async with stand_in(_SPAM % b"reject", seconds=3) as stand:
        client = Rspamd(stand.url)
        async with asyncio.timeout(2):
            for _ in range(12):
                assert await client.factors([_asked()] * 20) == [None] * 20
        client.close()
    # Eight at once, in five batches: then it rests.
    assert len(stand.requests) <= 40


async def test_no_rspamd_at_all_adds_no_factor() -> None:
    async with stand_in(b"") as stand:
        pass
    client = Rspamd(stand.url)
    assert await client.factors([_asked()] * 3) == [None] * 3
    client.close()


async def test_large_mail_is_not_sent() -> None:
    async with stand_in(_SPAM % b"reject") as stand:
        client = Rspamd(stand.url)
        assert await client.factors([_asked(raw=b"x" * (rspamd.LARGEST_OCTETS + 1))]) == [None]
        client.close()
    assert stand.requests == []


async def test_a_screen_asks_both_and_answers_in_order() -> None:
    async with stand_in(_SPAM % b"add header") as stand:
        screen = Screen(
            Settings(spam_dnsbl="a.example", rspamd_url=stand.url), Dns({"4.4.8.8.a.example": ["127.0.0.2"]})
        )
        assert screen.has_helpers
        answers = await screen.ask([_asked(_CLEAN), _asked(), _asked(None)])
        screen.close()
    assert [[one.name for one in answer] for answer in answers] == [["rspamd"], ["dnsbl", "rspamd"], ["rspamd"]]
    nothing = Screen(Settings())
    assert not nothing.has_helpers
    assert await nothing.ask([_asked()]) == [()]
