"""Whatever a caller sends, reading it ends in a value or in a refusal that says why."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.core.errors import NotFound, Problem, Unauthenticated
from agentpost_server.inbound.calls import check_token, read_form, read_json
from agentpost_server.inbound.ses.certificates import read_certificate
from agentpost_server.inbound.ses.sns import read_envelope
from agentpost_server.inbound.ses.stored import envelope_of

_kinds = st.sampled_from(
    ["multipart/form-data; boundary=x", "multipart/form-data", "application/x-www-form-urlencoded", "text/plain", ""]
)
_pieces = st.sampled_from(
    [
        b"--x",
        b"\r\n",
        b"--",
        b'Content-Disposition: form-data; name="a"; filename="b"',
        b"a=%ff&",
        b"\xff",
        b"\0",
        b"=?",
    ]
)
_bodies = st.one_of(st.binary(max_size=200), st.lists(_pieces, max_size=12).map(b"".join))


@given(body=_bodies, content_type=st.one_of(_kinds, st.text(max_size=30)))
def test_any_form_is_a_form_or_a_problem(body: bytes, content_type: str) -> None:
    with contextlib.suppress(Problem):
        read_form(body, content_type)


@given(body=_bodies)
def test_any_json_certificate_envelope_and_object_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(Problem):
        read_json(body)
    with contextlib.suppress(Problem):
        read_envelope(body)
    with contextlib.suppress(ValueError):
        read_certificate(body, "sns.eu-west-1.amazonaws.com", datetime.now(UTC))
    assert envelope_of(body, "x" * 20) is None


def test_octets_of_a_form_come_back_as_they_were() -> None:
    every = bytes(range(256))
    coded = b"a=" + b"".join(b"%%%02x" % octet for octet in every)
    assert read_form(coded, "application/x-www-form-urlencoded").fields == {"a": every}
    parts = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + every + b"\r\n--x--\r\n"
    assert read_form(parts, "multipart/form-data; boundary=x").fields == {"a": every}


def test_p_04_a_route_of_which_a_secret_is_not_set_is_not_there() -> None:
    for secrets in (("",), ("token", ""), ("", "secret"), ("", "")):
        for given_token in ("", "token", "secret"):
            with pytest.raises(NotFound):
                check_token(given_token, *secrets)
    for wrong in ("", "toke", "token ", "TOKEN", "tøken", "\ud800"):
        with pytest.raises(Unauthenticated):
            check_token(wrong, "token", "secret")
    check_token("token", "token", "secret")
