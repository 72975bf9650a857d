"""H-38, H-39, H-42: a path has one reading, and only the methods that we serve come in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.web.target import target_is_plain


@pytest.mark.parametrize(
    "target",
    [
        "//api/v1/inboxes",
        "/api//v1",
        "/api/v1/./inboxes",
        "/api/v1/../v1/inboxes",
        "/api/v1/inboxes/.",
        "/api/v1/inboxes/..",
        "/api/v1/%2e%2e/inboxes",
        "/api/v1/.%2E/inboxes",
        "/api%2Fv1/inboxes",
        "/api/v1/inboxes%2fx",
        "/api%5cv1",
        "/api\\v1",
        "/api/v1/%00",
        "/api/v1/%0d%0aSet-Cookie:x",
        "/api/v1/%7f",
        "/api/v1/%ff",
        "/api/v1/%c0%af",
        "/api/v1/%zz",
        "/api/v1/%",
        "/api/v1#fragment",
        "*",
        "http://other.example",
        "http://other.example//api",
        "ftp://other.example/api",
        "javascript:alert(1)",
    ],
)
def test_h39_two_readings_are_refused(edge, refusal, target: str) -> None:
    answer = edge.exchange(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1"))
    assert refusal(answer) == (400, "bad_request")
    assert edge.seen.requests == []
    assert b"Set-Cookie" not in answer


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/%61pi/v1/inboxes", "/api/v1/inboxes"),
        ("/api/v1/inboxes/bob%40example.com", "/api/v1/inboxes/bob@example.com"),
        ("/api/v1/inboxes/b%C3%BCcher", "/api/v1/inboxes/bücher"),
        ("/api/v1/inboxes;param", "/api/v1/inboxes;param"),
        ("/api/v1/inboxes.", "/api/v1/inboxes."),
        ("/.well-known/x", "/.well-known/x"),
        ("/api/v1/x%252fy", "/api/v1/x%2fy"),
        ("/a?next=//b/../c%2f#", "/a"),
        ("http://other.example/api/v1/x", "/api/v1/x"),
    ],
)
def test_h39_one_reading_reaches_the_application_decoded_once(edge, answers, target: str, path: str) -> None:
    sent = f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    ((status, _, _),) = answers(edge.exchange(sent.encode()))
    assert status == 200
    assert edge.seen.requests[0]["path"] == path


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "__class__", "PROPFIND", "PURGE", "get", "GETT", "SOURCE"])
def test_h42_methods(edge, refusal, answers, method: str) -> None:
    target = "a:443" if method == "CONNECT" else "/echo"
    answer = edge.exchange(f"{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert refusal(answer) == (405, "method_not_allowed")
    assert answers(answer)[0][1]["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
    assert edge.seen.requests == []


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override"])
def test_h42_method_override(edge, refusal, name: str) -> None:
    answer = edge.exchange(f"POST /echo HTTP/1.1\r\nHost: a\r\n{name}: DELETE\r\n\r\n".encode())
    assert refusal(answer) == (405, "method_not_allowed")
    assert edge.seen.requests == []


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40))
def test_judging_a_target_never_raises(rest: bytes) -> None:
    assert target_is_plain(b"/" + rest) in (True, False)
    assert target_is_plain(rest) in (True, False)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("abcXYZ019-_~@:;", min_size=1), min_size=1))
def test_ordinary_paths_pass(segments: list[str]) -> None:
    assert target_is_plain(("/" + "/".join(segments)).encode())
