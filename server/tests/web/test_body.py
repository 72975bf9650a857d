"""Strict bodies: what is JSON, what is not, and what PostgreSQL could not hold."""

import msgspec
import pytest

from agentpost_server.core.errors import BadRequest, Invalid
from agentpost_server.web.body import UnsupportedMediaType, decode_strictly
from harness import Tenant

JSON = "application/json"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    email: str


class Model(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    to: list[Inner] = []
    data: dict[str, str | int | float] = {}


def _problem(raw: bytes, content_type: str = JSON) -> Invalid | BadRequest | UnsupportedMediaType:
    with pytest.raises((Invalid, BadRequest, UnsupportedMediaType)) as caught:
        decode_strictly(raw, Model, content_type)
    return caught.value


@pytest.mark.parametrize(
    "raw", [b'{"name":"a","name":"b"}', b'{"name":"a","data":{"x":1,"x":2}}', b'{"name":"a", "name" : "a"}']
)
def test_h20_a_repeated_key_is_no_json_of_ours(raw: bytes) -> None:
    assert (_problem(raw).status, _problem(raw).code) == (400, "invalid_json")


@pytest.mark.parametrize("number", [b"NaN", b"1e999", b"9" * 10_000, b"Infinity", b"-Infinity", b"0x10", b"01"])
def test_h21_numbers_that_are_none(number: bytes) -> None:
    assert _problem(b'{"name":"a","data":{"n":' + number + b"}}").status in (400, 422)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_h23_other_media_types(content_type: str) -> None:
    assert _problem(b'{"name":"a"}', content_type).status == 415


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"{}", "name"),
        (b'{"name":1}', "name"),
        (b'{"name":"a","x":1}', "x"),
        (b'{"name":"a","to":[{"email":"a"},{"email":2}]}', "to[1].email"),
        (b'{"name":"a","to":[{"mail":"a"}]}', "to[0].mail"),
        (rb'{"name":"a\u0000"}', "name"),
        (rb'{"name":"a","to":[{"email":"\u0000"}]}', "to[0].email"),
        (rb'{"name":"a","data":{"\u0000":1}}', "data"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(raw: bytes, field: str) -> None:
    problem = _problem(raw)
    assert (problem.status, problem.errors[0].field) == (422, field)


def test_an_escaped_backslash_before_u0000_is_text() -> None:
    assert decode_strictly(rb'{"name":"\\u0000"}', Model, JSON).name == "\\u0000"


@pytest.mark.parametrize(
    "raw", [b"", b"[" * 100_000, b'{"name":' * 100_000, b"\xff", b'{"name":"\xff"}', b"{", b"null", b"[]", b'"x"']
)
def test_what_is_not_one_object_is_refused(raw: bytes) -> None:
    assert _problem(raw).status in (400, 422)


async def test_no_body_is_an_empty_object(tenant: Tenant) -> None:
    made = await tenant.http.post("/inboxes")
    assert made.status_code == 201, made.text
    wrong = await tenant.http.post("/api-keys")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "name")
