"""Deliveries verify with the published libraries and with our own check (W-54, W-55), and nothing else does."""

import base64
import time
from datetime import UTC, datetime

import pytest
import standardwebhooks
import svix
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.webhooks.signing import SignatureError, new_secret, sign, verify

BODY = '{"id":"evt_1","text":"grüße"}'.encode()
NOW = 1_800_000_000


def test_a_new_secret_is_32_random_octets() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in secrets} == {32}


def test_known_signatures() -> None:
    """Fixed octets, so that an SDK in another language can hold itself to them."""
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    headers = sign("evt_1", NOW, b'{"a":1}', [secret])
    assert headers == {
        "x-agentpost-signature": "534fa37979202971ad77ad077fdcbc91df7ecc91ebb83b2c18dbd254c8e1b21b",
        "x-agentpost-timestamp": "1800000000",
        "webhook-id": "evt_1",
        "webhook-timestamp": "1800000000",
        "webhook-signature": "v1,3OLpRdKCrFsJgXBjm2BkLB/1D8MhO3Fwb0vUByUmsWc=",
    }


@pytest.mark.parametrize("secrets_before", [0, 1, 2])
def test_w55_published_verifiers_accept_each_active_secret(secrets_before: int) -> None:
    secrets = [new_secret() for _ in range(secrets_before + 1)]
    headers = sign("dlv_01", int(time.time()), BODY, secrets)
    assert headers["x-agentpost-signature"].count(",") == secrets_before
    assert headers["webhook-signature"].count(" ") == secrets_before
    for secret in secrets:
        standardwebhooks.Webhook(secret).verify(BODY, headers)
        svix.Webhook(secret).verify(BODY, headers)
        verify(BODY, headers, secret)


def test_our_standard_signature_is_the_library_s() -> None:
    secret = new_secret()
    theirs = standardwebhooks.Webhook(secret).sign("dlv_01", datetime.fromtimestamp(NOW, UTC), BODY.decode())
    assert sign("dlv_01", NOW, BODY, [secret])["webhook-signature"] == theirs


def test_w55_an_ended_secret_verifies_nothing() -> None:
    ended = new_secret()
    headers = sign("dlv_01", int(time.time()), BODY, [new_secret(), new_secret()])
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(ended).verify(BODY, headers)
    with pytest.raises(SignatureError, match="matches"):
        verify(BODY, headers, ended)


@pytest.mark.parametrize(("age", "why"), [(301, "old"), (86_400, "old"), (-301, "future"), (-86_400, "future")])
def test_w54_times_outside_five_minutes_are_refused(age: int, why: str) -> None:
    secret = new_secret()
    with pytest.raises(SignatureError, match=why):
        verify(BODY, sign("dlv_01", NOW - age, BODY, [secret]), secret, now=NOW)


@pytest.mark.parametrize("age", [-300, -1, 0, 1, 300])
def test_w54_times_within_five_minutes_are_accepted(age: int) -> None:
    secret = new_secret()
    headers = sign("dlv_01", NOW - age, BODY, [secret])
    verify(BODY, {name.title(): value for name, value in headers.items()}, secret, now=NOW)


@pytest.mark.parametrize("name", ["x-agentpost-signature", "x-agentpost-timestamp"])
@pytest.mark.parametrize("value", [None, "", "0", "x", "-1", "ü", "١٨", "9" * 5000, "," * 5000, "1800000001"])
def test_missing_and_malformed_headers_are_refused(name: str, value: str | None) -> None:
    secret = new_secret()
    headers = sign("dlv_01", NOW, BODY, [secret])
    if value is None:
        del headers[name]
    else:
        headers[name] = value
    with pytest.raises(SignatureError):
        verify(BODY, headers, secret, now=NOW)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_only_the_signed_octets_verify(body: bytes, other: bytes) -> None:
    secret = new_secret()
    headers = sign("dlv_01", NOW, body, [secret])
    verify(body, headers, secret, now=NOW)
    if other != body:
        with pytest.raises(SignatureError):
            verify(other, headers, secret, now=NOW)


@pytest.mark.parametrize("secrets", [[], [new_secret()] * 4, ["whsec_"], ["plain"], ["whsec_!!"], ["whsec_c2hvcnQ="]])
def test_bad_secrets_never_sign(secrets: list[str]) -> None:
    with pytest.raises(ValueError):
        sign("dlv_01", NOW, BODY, secrets)


@pytest.mark.parametrize("delivery_id", ["", "a.b", "a\nb", "a b", "é"])
def test_w53_an_id_that_could_move_the_boundary_never_signs(delivery_id: str) -> None:
    with pytest.raises(ValueError):
        sign(delivery_id, NOW, BODY, [new_secret()])
