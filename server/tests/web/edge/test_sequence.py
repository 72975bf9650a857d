"""Answers keep their order, upgrades work or are passed over, and errors of the application look like ours."""

import json

import pytest
import websockets.sync.client

from agentpost_server.web.limits import HttpLimits

GET = b"GET /echo HTTP/1.1\r\nHost: a\r\n"
LAST = GET + b"Connection: close\r\n\r\n"


def test_requests_on_one_connection_are_answered_in_order(edge, answers) -> None:
    paths = [f"/echo/{number}" for number in range(20)]
    sent = b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths)
    received = answers(edge.exchange(sent + LAST))
    assert [json.loads(body)["path"] for _, _, body in received] == [*paths, "/echo"]


def test_a_refusal_waits_for_the_answers_before_it(edge, answers) -> None:
    edge.seen.release.set()
    sent = b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + GET + b"\r\n" + GET + b"X : y\r\n\r\n" + LAST
    received = answers(edge.exchange(sent))
    assert [status for status, _, _ in received] == [200, 200, 400]


def test_a_bad_body_in_the_pipeline_is_refused_in_its_turn(edge, answers) -> None:
    chunked = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX"
    received = answers(edge.exchange(GET + b"\r\n" + chunked))
    assert [status for status, _, _ in received] == [200, 400]
    assert [request["method"] for request in edge.seen.requests] == ["GET"]


def test_the_pipeline_is_bounded(start_edge, answers) -> None:
    edge = start_edge(HttpLimits(pipelined_requests=8))
    received = answers(edge.exchange((GET + b"\r\n") * 100))
    assert [status for status, _, _ in received] == [200] * 9
    assert len(edge.seen.requests) == 9


def test_an_application_that_raises(edge, refusal) -> None:
    answer = edge.exchange(b"GET /raise HTTP/1.1\r\nHost: a\r\n\r\n")
    assert refusal(answer) == (500, "internal_error")
    assert b"on purpose" not in answer


def test_websocket(edge) -> None:
    with websockets.sync.client.connect(f"ws://127.0.0.1:{edge.port}/ws", proxy=None) as socket:
        socket.send("hello")
        assert socket.recv(timeout=10) == "hello"
        # K-06: compression is never agreed on.
        assert socket.protocol.extensions == []


def test_websocket_head_is_bounded_too(edge, refusal) -> None:
    head = GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    assert refusal(edge.exchange(head + key + b"x: y\r\n" * 100 + b"\r\n")) == (431, "headers_too_large")


def test_websocket_behind_an_unanswered_request_is_refused(edge, answers) -> None:
    head = GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    received = answers(edge.exchange(GET + b"\r\n" + head + b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"))
    assert [status for status, _, _ in received] == [200, 400]


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 40\r\n", b"GET /smuggled HTTP/1.1\r\nHost: a\r\nXX: x\r\n\r"[:40]),
        (b"Transfer-Encoding: chunked\r\n", b"1a\r\nGET /smuggled HTTP/1.1\r\n\r\n\r\n0\r\n\r\n"),
        (b"", b""),
    ],
)
@pytest.mark.parametrize("packets", [1, 2])
def test_other_upgrades_are_passed_over_and_their_body_stays_a_body(edge, answers, framing, body, packets) -> None:
    head = (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" + framing + b"\r\n"
    )
    pieces = [head + body + LAST] if packets == 1 else [head, body + LAST]
    received = answers(edge.exchange(*pieces, pause=0.02))
    assert [status for status, _, _ in received] == [200, 200]
    assert [(request["method"], request["path"]) for request in edge.seen.requests] == [
        ("POST", "/echo"),
        ("GET", "/echo"),
    ]
    assert edge.seen.requests[0]["body"] == {b"": 0, b"Content-Length: 40\r\n": 40}.get(framing, 26)


def test_expect_100_continue(edge, answers) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    received = edge.exchange(head, b"hello", pause=0.1)
    interim, _, rest = received.partition(b"\r\n\r\n")
    assert interim == b"HTTP/1.1 100 Continue"
    assert [status for status, _, _ in answers(rest)] == [200]


def test_h41_forwarded_for_counts_only_from_a_trusted_proxy(edge, start_edge) -> None:
    sent = GET + b"X-Forwarded-For: 1.2.3.4\r\nConnection: close\r\n\r\n"
    edge.exchange(sent)
    assert edge.seen.requests[0]["client"] == "127.0.0.1"
    behind = start_edge(HttpLimits(), trusted_proxies=["127.0.0.1"])
    behind.exchange(sent)
    assert behind.seen.requests[0]["client"] == "1.2.3.4"


def test_a_large_body_arrives_whole(edge, answers) -> None:
    chunks = b"".join(b"%x\r\n" % size + b"x" * size + b"\r\n" for size in [1, 10, 20_000, 300_000] * 10)
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    ((status, _, _),) = answers(edge.exchange(head + chunks + b"0\r\n\r\n"))
    assert status == 200
    assert edge.seen.requests[0]["body"] == 3_200_110
