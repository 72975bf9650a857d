"""H-15, H-68 and their kin: slow heads, slow bodies, unread answers and unwanted bodies cost bounded time."""

import time

import pytest

from agentpost_server.web.limits import HttpLimits

GET = b"GET /echo HTTP/1.1\r\nHost: a\r\n"
QUICK = HttpLimits(
    head_seconds=0.4,
    body_grace_seconds=0.3,
    body_bytes_per_second=500.0,
    drain_seconds=0.4,
    drain_bytes=100_000,
    linger_seconds=0.3,
    write_stall_seconds=0.5,
    sweep_seconds=0.1,
)


@pytest.fixture
def quick(start_edge):
    return start_edge(QUICK, keep_alive_seconds=1)


def test_h15_headers_octet_by_octet(quick, refusal) -> None:
    answer = quick.exchange(*[GET[at : at + 1] for at in range(len(GET))], pause=0.05)
    assert refusal(answer) == (408, "request_timeout")
    assert quick.seen.requests == []


def test_a_connection_that_says_nothing_is_closed_in_silence(quick) -> None:
    assert quick.exchange() == b""


def test_line_ends_do_not_keep_a_used_connection_open(quick, answers) -> None:
    received = quick.exchange(GET + b"\r\n", *[b"\r\n"] * 40, pause=0.1)
    assert [status for status, _, _ in answers(received)] == [200]


@pytest.mark.parametrize("framing", [b"Content-Length: 4000", b"Transfer-Encoding: chunked"])
def test_h15_a_body_below_500_octets_a_second(quick, refusal, framing: bytes) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n"
    answer = quick.exchange(head, *[b"1\r\nx\r\n"] * 40, pause=0.05)
    assert refusal(answer) == (408, "request_timeout")
    assert quick.seen.requests == []
    assert quick.seen.disconnected == 1


def test_a_body_above_500_octets_a_second_may_take_its_time(quick, answers) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10000\r\n\r\n"
    ((status, _, _),) = answers(quick.exchange(head, *[b"x" * 1000] * 10, pause=0.1))
    assert status == 200
    assert quick.seen.requests[0]["body"] == 10_000


def test_a_slow_application_is_not_a_slow_client(quick, answers) -> None:
    with quick.connect() as client:
        client.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        time.sleep(1.0)
        quick.seen.release.set()
        received = b""
        while data := client.recv(65536):
            received += data
    assert [status for status, _, _ in answers(received)] == [200]


def test_h68_get_with_10_mb_is_answered_and_the_rest_is_not_read_for_ever(quick, answers) -> None:
    head = b"GET /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n"
    received = quick.exchange(head, *[b"x" * 100_000] * 100)
    assert [status for status, _, _ in answers(received)] in ([200], [])
    assert [request["body"] for request in quick.seen.requests] == [0]


def test_h68_get_with_10_mb_within_the_drain_keeps_the_connection(edge, answers) -> None:
    head = b"GET /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n"
    received = edge.exchange(head, b"x" * 10_000_000, GET + b"Connection: close\r\n\r\n")
    assert [status for status, _, _ in answers(received)] == [200, 200]


def test_an_ignored_body_that_never_comes_ends_the_connection(quick, answers) -> None:
    head = b"GET /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n"
    received = quick.exchange(head, *[b"x"] * 60, pause=0.05)
    assert [status for status, _, _ in answers(received)] == [200]


def test_an_answer_that_nobody_reads_is_cut_off(quick) -> None:
    with quick.connect() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        deadline = time.monotonic() + 15
        while quick.server.server_state.connections or not quick.seen.requests:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_refused_client_that_keeps_sending_is_cut_off(quick) -> None:
    with quick.connect() as client:
        client.sendall(b"nonsense\r\n\r\n")
        deadline = time.monotonic() + 15
        while quick.server.server_state.connections:
            assert time.monotonic() < deadline
            try:
                client.sendall(b"x")
            except OSError:
                break
            time.sleep(0.02)


def test_connections_are_counted(start_edge, refusal) -> None:
    edge = start_edge(HttpLimits(connections=1))
    with edge.connect() as first:
        first.sendall(GET + b"\r\n")
        assert first.recv(10) == b"HTTP/1.1 2"
        assert refusal(edge.exchange()) == (503, "unavailable")
