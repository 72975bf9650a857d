"""Deliveries: the server's own signatures are believed, and nothing else is."""

import json
import time

import pytest
from standardwebhooks import Webhook

from agentpost import AgentPost, errors, webhooks
from agentpost_server.webhooks.signing import new_secret, sign

_SECRET, _OLD = new_secret(), new_secret()
_BODY = json.dumps(
    {
        "id": "evt_1",
        "type": "message.levitated",
        "timestamp": "2026-03-01T12:00:00.000Z",
        "org_id": "org_1",
        "env_id": "env_1",
        "data": {"message_id": "msg_1"},
    }
).encode()


def _headers(secrets: list[str], at: float | None = None, *, plain: bool = False) -> dict[str, str]:
    headers = sign("evt_1", int(time.time() if at is None else at), _BODY, secrets)
    return {name: value for name, value in headers.items() if name.startswith("x-agentpost") == plain}


@pytest.mark.parametrize("plain", [False, True])
def test_both_schemes_are_read(plain: bool) -> None:
    event = webhooks.unwrap(_BODY, _headers([_SECRET], plain=plain), _SECRET)
    assert (event.type, event.data) == ("message.levitated", {"message_id": "msg_1"})


@pytest.mark.parametrize("plain", [False, True])
def test_a_secret_can_be_rotated(plain: bool) -> None:
    both = _headers([_SECRET, _OLD], plain=plain)
    assert webhooks.unwrap(_BODY, both, _OLD).id == "evt_1"
    assert webhooks.unwrap(_BODY, _headers([_OLD], plain=plain), [_SECRET, _OLD]).id == "evt_1"


def test_names_in_any_case_and_svix_ones() -> None:
    headers = {name.replace("webhook", "Svix").title(): value for name, value in _headers([_SECRET]).items()}
    assert AgentPost("ap_sk_test_x").webhooks.unwrap(_BODY.decode(), headers, _SECRET).id == "evt_1"


def test_what_others_sign_by_the_standard_is_read() -> None:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    signature = Webhook(_SECRET).sign("msg_1", now, _BODY.decode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    assert webhooks.unwrap(_BODY, headers, _SECRET).id == "evt_1"


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda headers, body: (headers, body + b" "), "no signature matches"),
        (
            lambda headers, body: ({name: value.swapcase() for name, value in headers.items()}, body),
            "no signature matches",
        ),
        (lambda headers, body: ({}, body), "not signed"),
        (lambda headers, body: ({**headers, **{n: "1e9" for n in headers if "timestamp" in n}}, body), "unix seconds"),
        (lambda headers, body: ({**headers, **{n: "1" for n in headers if "timestamp" in n}}, body), "too old"),
        (
            lambda headers, body: ({**headers, **{n: "é" for n in headers if "signature" in n}}, body),
            "no signature matches",
        ),
    ],
    ids=["body", "signature", "none", "odd time", "time", "odd signature"],
)
def test_what_was_touched_is_refused(change, said: str, plain: bool) -> None:  # pyright: ignore
    headers, body = change(_headers([_SECRET], plain=plain), _BODY)
    with pytest.raises(errors.SignatureInvalid, match=said):
        webhooks.unwrap(body, headers, _SECRET)


@pytest.mark.parametrize("plain", [False, True])
def test_neither_old_nor_future_ones(plain: bool) -> None:
    for at, said in ((time.time() - 301, "too old"), (time.time() + 302, "future")):
        with pytest.raises(errors.SignatureInvalid, match=said):
            webhooks.unwrap(_BODY, _headers([_SECRET], at, plain=plain), _SECRET)


def test_what_we_sign_is_what_the_server_signs() -> None:
    ours = webhooks.sign("evt_1", _BODY, _SECRET)
    assert ours == sign("evt_1", int(ours["webhook-timestamp"]), _BODY, [_SECRET])


def test_a_foreign_secret_and_none() -> None:
    for secret, said in ((_OLD, "no signature matches"), ([], "no secret"), ("", "no secret"), ("whsec_é", "base64")):
        with pytest.raises(errors.SignatureInvalid, match=said):
            webhooks.unwrap(_BODY, _headers([_SECRET]), secret)
