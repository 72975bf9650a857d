"""SES beyond the contract, against moto as Amazon and a line on which the answers are ours."""

from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from agentpost_server.mail.model import Address
from agentpost_server.providers import aws
from agentpost_server.providers.aws import AwsAccount
from agentpost_server.providers.aws_sns import SnsTopics
from agentpost_server.providers.aws_sqs import SqsQueue
from agentpost_server.providers.ses import SesTransport
from agentpost_server.settings import SettingsError, load
from providers.transports import peers
from providers.transports.http_stand_in import RESET, Reply
from providers.transports.letters import TAG, envelope, faults, letter, people, statuses
from providers.transports.peers import HttpPeer
from providers.transports.ses_line import REGION, refusal


@pytest_asyncio.fixture
async def ses(moto_url: str) -> AsyncIterator[HttpPeer]:
    peer = await peers.ses(moto_url, configuration_set="agentpost")
    yield peer
    await peer.transport.close()
    await peer.stand_in.stop()


async def test_the_whole_shape(ses: HttpPeer) -> None:
    raw = letter(from_address=Address("ann@example.com", "Änn Agent"), cc=people("away@two.example"))
    receipt = await ses.transport.send(envelope("bob@one.example", "blind@one.example"), raw)
    assert statuses(receipt) == {"accepted"}, receipt
    said: dict[str, Any] = msgspec.json.decode(ses.stand_in.requests[0].body)
    assert set(said) == {"Content", "Destination", "FromEmailAddress", "EmailTags", "ConfigurationSetName"}
    assert said["Destination"] == {"BccAddresses": ["bob@one.example", "blind@one.example"]}
    assert said["FromEmailAddress"] == "=?utf-8?b?w4RubiBBZ2VudA==?= <ann@example.com>"
    assert said["EmailTags"] == [{"Name": "agentpost_attempt", "Value": TAG}]
    assert said["ConfigurationSetName"] == "agentpost"
    assert ses.stand_in.handed[0].wire == raw


async def test_the_receipt_names_the_id_on_the_wire(ses: HttpPeer, moto_url: str) -> None:
    receipt = await ses.transport.send(envelope(), letter())
    assert receipt.provider_id
    assert receipt.wire_message_id == f"<{receipt.provider_id}@{REGION}.amazonses.com>"
    first = SesTransport(AwsAccount(region="us-east-1", endpoint=ses.stand_in.url))
    ses.stand_in.faults = [Reply.json(200, {"MessageId": "0100abc-1"})]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        receipt = await first.send(envelope(), letter())
    await first.close()
    assert receipt.wire_message_id == "<0100abc-1@email.amazonses.com>"


async def test_an_identity_that_nobody_verified_is_refused(ses: HttpPeer) -> None:
    receipt = await ses.transport.send(envelope(), letter(from_address=Address("ann@stranger.example")))
    assert (statuses(receipt), ses.stand_in.handed) == ({"refused"}, [])


REFUSED, LATER, UNKNOWN = ("refused", False), ("deferred", True), ("unknown", False)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "MessageRejected", REFUSED),
        (400, "BadRequestException", REFUSED),
        (413, "RequestEntityTooLargeException", REFUSED),
        (429, "TooManyRequestsException", LATER),
        (400, "LimitExceededException", LATER),
        (400, "ThrottlingException", LATER),
        (400, "AccountSuspendedException", LATER),
        (400, "SendingPausedException", LATER),
        (400, "MailFromDomainNotVerifiedException", LATER),
        (404, "NotFoundException", LATER),
        (403, "AccessDeniedException", LATER),
        (403, "UnrecognizedClientException", LATER),
        (403, "InvalidSignatureException", LATER),
        (403, "ExpiredTokenException", LATER),
        (400, "SomethingNew", LATER),
        (500, "InternalFailure", UNKNOWN),
        (502, "", UNKNOWN),
        (503, "ServiceUnavailable", UNKNOWN),
        (504, "", UNKNOWN),
    ],
)
async def test_what_its_errors_mean_and_that_none_is_tried_again(
    ses: HttpPeer, status: int, code: str, expected: tuple[str, bool]
) -> None:
    ses.stand_in.faults = [refusal(status, code, "its words")] * 3
    said = (await ses.transport.send(envelope(), letter())).outcomes["bob@one.example"]
    assert (said.status, said.transport_fault) == expected
    assert "its words" in (said.detail or "")
    assert len(ses.stand_in.requests) == 1


async def test_a_line_that_breaks_behind_the_request_is_not_one_that_was_never_opened(ses: HttpPeer) -> None:
    ses.stand_in.faults = [RESET] * 3
    receipt = await ses.transport.send(envelope(), letter())
    assert (statuses(receipt), faults(receipt)) == ({"unknown"}, {False})
    assert len(ses.stand_in.requests) == 1


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"MessageId": "<a b>\\r\\n"}'])
async def test_a_success_that_cannot_be_read_is_never_called_a_failure(ses: HttpPeer, body: bytes) -> None:
    ses.stand_in.faults = [Reply(200, body)]
    receipt = await ses.transport.send(envelope(), letter())
    assert statuses(receipt) <= {"accepted", "unknown"}
    assert receipt.wire_message_id is None


async def test_without_credentials_nothing_was_sent(ses: HttpPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    bare = SesTransport(AwsAccount(region=REGION, endpoint=ses.stand_in.url))
    receipt = await bare.send(envelope(), letter())
    await bare.close()
    assert (statuses(receipt), faults(receipt), ses.stand_in.requests) == ({"deferred"}, {True}, [])


@pytest.mark.parametrize(
    "made",
    [
        SesTransport,
        lambda account: SqsQueue(account, "https://sqs.eu-west-1.amazonaws.com/1/in"),
        lambda _account: SnsTopics(load({})),
    ],
    ids=["ses", "sqs", "sns"],
)
def test_without_the_sdk_the_start_stops_with_what_to_install(
    made: Callable[[AwsAccount], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "find_spec", lambda name: None if name == "aiobotocore" else find_spec(name))
    with pytest.raises(SettingsError, match=r"pip install 'agentpost-server\[ses\]'"):
        made(AwsAccount(region=REGION))
