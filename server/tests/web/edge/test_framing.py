"""H-09 to H-13: what is not one clear HTTP/1.1 message is refused and the connection ends, before the application."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

POST = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
GET = b"GET /echo HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize("value", [b"-1", b"+5", b"5,5", b"", b"0x5", b"5 5", b"1e1", b"\xb2", b"9" * 40])
def test_h09_content_length_junk(edge, refusal, value: bytes) -> None:
    answer = edge.exchange(POST + b"Content-Length: " + value + b"\r\n\r\nhello")
    assert refusal(answer) == (400, "bad_request")
    assert edge.seen.requests == []


@pytest.mark.parametrize("second", [b"5", b"6"])
def test_h09_two_content_lengths(edge, refusal, second: bytes) -> None:
    answer = edge.exchange(POST + b"Content-Length: 5\r\nContent-Length: " + second + b"\r\n\r\nhello")
    assert refusal(answer) == (400, "bad_request")
    assert edge.seen.requests == []


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
    ],
)
def test_h10_transfer_encoding_beside_or_other_than_plain_chunked(edge, refusal, headers: bytes) -> None:
    assert refusal(edge.exchange(POST + headers + b"\r\n0\r\n\r\n")) == (400, "bad_request")
    assert edge.seen.requests == []


def test_h10_chunked_in_http_1_0(edge, refusal) -> None:
    answer = edge.exchange(b"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    assert refusal(answer) == (400, "bad_request")


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\nhelloXX0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"0x10\r\nhello\r\n0\r\n\r\n",
        b"1_0\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5;a\nhello\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        b"5;" + b"a" * 40_000 + b"\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0;" + b"a" * 40_000 + b"\r\n\r\n",
    ],
)
@pytest.mark.parametrize("packets", [1, 2])
def test_h11_bad_chunking(edge, refusal, body: bytes, packets: int) -> None:
    pieces = [CHUNKED + body] if packets == 1 else [CHUNKED, body]
    assert refusal(edge.exchange(*pieces, pause=0.02)) == (400, "bad_request")
    assert edge.seen.requests == []


def test_h11_good_chunking_with_a_small_extension_passes(edge, answers) -> None:
    sent = CHUNKED.replace(b"Host", b"Connection: close\r\nHost") + b"5;name=value\r\nhello\r\n0\r\n\r\n"
    ((status, _, _),) = answers(edge.exchange(sent))
    assert status == 200
    assert edge.seen.requests[0]["body"] == 5


def test_trailers_never_become_headers(edge, answers) -> None:
    trailer = b"0\r\nAuthorization: Bearer stolen\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n"
    sent = CHUNKED + b"5\r\nhello\r\n" + trailer + GET + b"Connection: close\r\n\r\n"
    assert [status for status, _, _ in answers(edge.exchange(sent))] == [200, 200]
    for request in edge.seen.requests:
        assert {name for name, _ in request["headers"]} <= {"host", "transfer-encoding", "connection"}


@pytest.mark.parametrize("trailers", [b"A: b\r\n" * 101, b"A: " + b"b" * 60_000 + b"\r\n"])
def test_trailers_are_bounded(edge, refusal, trailers: bytes) -> None:
    answer = edge.exchange(CHUNKED + b"0\r\n", trailers + b"\r\n", pause=0.02)
    assert refusal(answer)[0] in (400, 431)


@pytest.mark.parametrize(
    "header",
    [
        b"X-A: b\r\n c",
        b"X-A: b\r\n\tc",
        b"X-A : b",
        b"X-A\t: b",
        b"X-A: b\0c",
        b"X-A: b\rc",
        b"X-A: b\nX-B: c",
        b"X-A: b\r",
        b"X-A: b\x01c",
        b"X-A\0: b",
        b"X-A\xff: b",
        b": b",
        b"no colon",
        b" X-A: b",
    ],
)
def test_h12_header_syntax(edge, refusal, header: bytes) -> None:
    assert refusal(edge.exchange(GET + header + b"\r\n\r\n")) == (400, "bad_request")
    assert edge.seen.requests == []


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /echo",
        b"GET /echo HTTP/2.0",
        b"GET /echo HTTP/1.2",
        b"GET /echo HTTP/9.9",
        b"GET /a b HTTP/1.1",
        b"GET /\xff HTTP/1.1",
        b"GET /\0 HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"\x16\x03\x01\x02\x00\x01",
        b"\0\0\0\0",
    ],
)
def test_request_line(edge, refusal, request_line: bytes) -> None:
    assert refusal(edge.exchange(request_line + b"\r\nHost: a\r\n\r\n")) == (400, "bad_request")
    assert edge.seen.requests == []


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: a\r\n", b"Host: a\r\nhost: b\r\n"])
def test_exactly_one_host(edge, refusal, hosts: bytes) -> None:
    assert refusal(edge.exchange(b"GET /echo HTTP/1.1\r\n" + hosts + b"\r\n")) == (400, "bad_request")


def test_h13_a_hundred_headers_pass_and_one_more_does_not(edge, answers, refusal) -> None:
    headers = b"".join(b"x-%d: v\r\n" % number for number in range(98))
    ((status, _, _),) = answers(edge.exchange(GET + b"Connection: close\r\n" + headers + b"\r\n"))
    assert status == 200
    assert len(edge.seen.requests[0]["headers"]) == 100
    answer = edge.exchange(GET + b"Connection: close\r\nx: v\r\n" + headers + b"\r\n")
    assert refusal(answer) == (431, "headers_too_large")


def test_h13_32_kib_pass_and_more_does_not(edge, answers, refusal) -> None:
    head = GET + b"Connection: close\r\nX-Large: "
    ((status, _, _),) = answers(edge.exchange(head + b"v" * 32_000 + b"\r\n\r\n"))
    assert status == 200
    assert refusal(edge.exchange(head + b"v" * 33_000 + b"\r\n\r\n")) == (431, "headers_too_large")
    assert refusal(edge.exchange(b"GET /" + b"v" * 33_000 + GET[4:] + b"\r\n")) == (431, "headers_too_large")
    assert len(edge.seen.requests) == 1


@pytest.mark.parametrize(
    "endless", [GET + b"X: " + b"v" * 60_000, GET + b"x: v\r\n" * 20_000, b"GET /" + b"v" * 60_000, b"\r\n" * 30_000]
)
def test_h13_a_head_without_end_is_refused_when_it_is_too_large(edge, refusal, endless: bytes) -> None:
    assert refusal(edge.exchange(endless)) == (431, "headers_too_large")


def test_the_client_gets_to_read_a_refusal_while_it_still_sends(edge, refusal) -> None:
    answer = edge.exchange(POST + b"Content-Length: -1\r\n\r\n" + b"x" * 500_000)
    assert refusal(answer) == (400, "bad_request")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([b"GET ", b"/echo", b" HTTP/1.1", b"\r\n", b"Host: a", b":", b"\0", b" ", b"\xff", b"0"]))
)
def test_whatever_is_sent_is_answered_or_dropped(edge, answers, pieces: list[bytes]) -> None:
    import socket

    with edge.connect() as client:
        client.sendall(b"".join(pieces))
        client.shutdown(socket.SHUT_WR)
        received = b""
        while data := client.recv(65536):
            received += data
    assert all(status in (200, 400, 405) for status, _, _ in answers(received))
