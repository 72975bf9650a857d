"""SNS by HTTP: what is signed for a topic of ours is acted on, everything else is refused before it costs anything."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from agentpost_server import inbound
from agentpost_server.inbound import AcceptedMail, AcceptMail, intake
from agentpost_server.inbound.ses.certificates import pinned_host
from agentpost_server.inbound.ses.verdicts import Verdict, authentication_of
from agentpost_server.mail.authentication import Authentication
from agentpost_server.runtime import Runtime
from harness import Server, client
from inbound.mailing import Inbox, mail, new_inbox
from inbound.ses.conftest import Amazon, Door
from inbound.ses.signing import (
    AUTHORITY,
    CERTIFICATE_URL,
    SNS,
    TOPIC,
    confirmation,
    issue,
    notification,
    receipt,
    sign,
)

TEXT = mail().decode()


async def _nothing_came(inbox: Inbox) -> None:
    assert await inbox.rows("SELECT id FROM inbound_mails WHERE inbox_id = $1") == []
    assert await inbox.rows("SELECT id FROM messages WHERE inbox_id = $1") == []


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("content_type", ["text/plain; charset=UTF-8", "application/json"])
async def test_a_signed_notification_brings_its_mail(door: Door, inbox: Inbox, version: str, content_type: str) -> None:
    answer = await door.post(
        notification(receipt(inbox.email, content=TEXT), version=version, Subject="Received"),
        content_type=content_type,
    )
    assert (answer.status_code, answer.content) == (200, b"")
    [row] = await inbox.messages()
    assert row["subject"] == "Greetings"
    [blob] = await inbox.blobs(row["id"])
    assert blob["content"] == mail()
    assert '"mail_from": "ann@example.com"' in row["envelope"]


async def test_recipients_are_those_of_the_receipt_and_no_others(door: Door, inbox: Inbox) -> None:
    other = await new_inbox(inbox.tenant)
    raw = mail(None, f"Cc: {other.email}", f"Delivered-To: {other.email}").decode()
    assert (await door.post(notification(receipt(inbox.email, content=raw)))).status_code == 200
    assert len(await inbox.messages()) == 1
    await _nothing_came(other)


async def test_content_comes_as_text_or_as_base64_and_gets_crlf_line_ends(door: Door, inbox: Inbox) -> None:
    bare = mail("<bare@example.com>").replace(b"\r\n", b"\n") + b"\xff\xfe"
    coded = base64.b64encode(bare).decode()
    assert (await door.post(notification(receipt(inbox.email, content=coded, encoding="BASE64")))).status_code == 200
    [row] = await inbox.messages()
    [blob] = await inbox.blobs(row["id"])
    assert blob["content"] == bare.replace(b"\n", b"\r\n") + b"\r\n"


async def _accepted(monkeypatch: pytest.MonkeyPatch, door: Door, payload: dict[str, Any]) -> AcceptMail:
    """What the one accept was given."""
    given: list[AcceptMail] = []

    async def accept(runtime: Runtime, mail: AcceptMail) -> AcceptedMail:
        given.append(mail)
        return await inbound.accept(runtime, mail)

    monkeypatch.setattr(intake, "accept", accept)
    assert (await door.post(notification(payload))).status_code == 200
    return given[0]


async def test_the_verdicts_of_ses_are_kept_as_its_own(
    door: Door, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = {"spf": "PASS", "dkim": "GRAY", "dmarc": "PASS", "virus": "FAIL", "spam": "FAIL"}
    mail = await _accepted(monkeypatch, door, receipt(inbox.email, content=TEXT, verdicts=verdicts))
    assert mail.authentication == Authentication(
        spf="pass", dkim="none", dmarc="pass", aligned_domain="example.com", checked_by="ses"
    )
    assert (mail.flags, mail.source, mail.client_ip, mail.helo) == (("virus",), "ses", None, None)
    failed = Verdict("FAIL")
    one = authentication_of(failed, Verdict("PROCESSING_FAILED"), failed, TEXT.encode())
    assert (one.spf, one.dkim, one.dmarc, one.aligned_domain) == ("fail", "temperror", "fail", None)


async def test_two_authors_are_not_vouched_for_by_one_verdict(
    door: Door, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = mail(None, "From: Eve <eve@evil.example>").decode()
    given = await _accepted(monkeypatch, door, receipt(inbox.email, content=raw, verdicts={"dmarc": "PASS"}))
    assert given.authentication is not None
    assert (given.authentication.dmarc, given.authentication.aligned_domain) == ("permerror", None)


async def test_an_unset_token_is_no_route_and_a_wrong_one_is_401(door: Door, server: Server) -> None:
    message = notification("hello")
    assert (await door.post(message, token="wrong")).status_code == 401
    async with client(server, None) as nobody:
        answer = await nobody.post("/inbound/ses/anything", json=message)
        unknown = await nobody.post("/no/such/path", json=message)
    assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")
    assert {**answer.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}


async def test_n_01_unsigned_garbled_or_signed_by_another(door: Door, inbox: Inbox) -> None:
    good = notification(receipt(inbox.email, content=TEXT))
    stranger = issue(issuer=AUTHORITY)
    forged: list[dict[str, Any]] = [
        {**good, "Signature": "AAAA"},
        {**good, "Signature": "not base64"},
        {**good, "Signature": ""},
        {**good, "SignatureVersion": "3"},
        {**good, "Type": "Something"},
        {**good, "Message": good["Message"].replace("Hello", "Jello")},
        {**good, "Timestamp": "2026-01-01T00:00:00.000Z"},
        {**good, "Subject": "added"},
        {name: value for name, value in good.items() if name != "Signature"},
        sign(good, by=stranger),
    ]
    for message in forged:
        answer = await door.post(message)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), message
    await _nothing_came(inbox)


async def test_n_02_a_topic_of_a_foreign_account(door: Door, inbox: Inbox) -> None:
    foreign = TOPIC.replace("123456789012", "210987654321")
    answer = await door.post(notification(receipt(inbox.email, content=TEXT), TopicArn=foreign))
    assert answer.status_code == 403
    assert "TopicArn" in answer.json()["detail"]
    assert door.sns.fetched == []
    await _nothing_came(inbox)


_FILE = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
_HOST = "https://sns.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com" + _FILE,
        "https://sns.evil.com" + _FILE,
        "https://sns.eu-west-1.amazonaws.com.evil.com" + _FILE,
        "https://sns.s3.amazonaws.com" + _FILE,
        "https://sns.amazonaws.com" + _FILE,
        "https://evil.sns.eu-west-1.amazonaws.com" + _FILE,
        "https://sns.eu-west-1.amazonaws.com@evil.com" + _FILE,
        "https://evil.com@sns.eu-west-1.amazonaws.com" + _FILE,
        _HOST + ":443" + _FILE,
        _HOST + _FILE + "#x",
        _HOST + _FILE + "?x=1",
        _HOST + "/%2e" + _FILE,
        _HOST + "/x/.." + _FILE,
        _HOST + _FILE + "\n",
        "\n" + _HOST + _FILE,
        _HOST + _FILE.upper(),
        "https://SNS.eu-west-1.amazonaws.com" + _FILE,
        "https://sns.eu-west-1.amazonaws.com.." + _FILE,
        "https://ѕns.eu-west-1.amazonaws.com" + _FILE,
        "https://sns.eu-west-1。amazonaws.com" + _FILE,
        _HOST + "\\@evil.com" + _FILE,
        _HOST + "/other.pem",
        "",
    ],
)
async def test_n_03_certificate_urls_that_are_not_of_sns_are_never_fetched(door: Door, url: str) -> None:
    assert (await door.post(notification("x", SigningCertURL=url))).status_code == 403
    assert door.sns.fetched == []


def test_n_03_the_certificate_urls_of_sns_are_known() -> None:
    assert pinned_host("https://sns.us-gov-west-1.amazonaws.com" + _FILE) == "sns.us-gov-west-1.amazonaws.com"
    assert pinned_host("https://sns.cn-north-1.amazonaws.com.cn" + _FILE) == "sns.cn-north-1.amazonaws.com.cn"
    assert pinned_host("https://sns.cn-north-1.amazonaws.com.cn.cn" + _FILE) is None


async def test_one_certificate_is_fetched_once(door: Door) -> None:
    answers = await asyncio.gather(*(door.post(notification("hello")) for _ in range(6)))
    assert {one.status_code for one in answers} == {200}
    assert door.sns.fetched == [CERTIFICATE_URL]


async def test_n_08_a_subscription_is_confirmed_by_the_api_and_its_url_never_fetched(
    door: Door, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed: list[tuple[str, str]] = []

    async def confirm(topic: str, token: str) -> None:
        confirmed.append((topic, token))

    topics = door.server.runtime.topics
    assert topics is not None
    monkeypatch.setattr(topics, "confirm", confirm)
    message = {**confirmation(), "SubscribeURL": "http://169.254.169.254/latest/meta-data"}
    assert (await door.post(message)).status_code == 403  # the URL is signed
    assert (await door.post(sign(message))).status_code == 200
    assert confirmed == [(TOPIC, "2336412f37")]
    foreign = TOPIC.replace("agentpost-mail", "other-mail")
    assert (await door.post(confirmation(TopicArn=foreign))).status_code == 403
    assert len(confirmed) == 1
    assert door.sns.fetched == [CERTIFICATE_URL]


async def test_n_08_the_api_confirms(door: Door, amazon: Amazon) -> None:
    topic = amazon.sns.create_topic(Name="agentpost-mail")["TopicArn"]
    assert topic == TOPIC
    amazon.sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://mail.example.com/api/v1/inbound/ses/x")
    assert (await door.post(confirmation())).status_code == 200


async def test_n_09_a_replay_within_the_hour_changes_nothing_and_later_it_is_refused(door: Door, inbox: Inbox) -> None:
    minute = notification(receipt(inbox.email, content=TEXT), at=datetime.now(UTC) - timedelta(minutes=1))
    assert [(await door.post(minute)).status_code for _ in range(3)] == [200, 200, 200]
    old = notification(receipt(inbox.email, content=TEXT), at=datetime.now(UTC) - timedelta(hours=2))
    with capture_logs() as logs:
        assert (await door.post(old)).status_code == 403
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == ["provider_call_refused"]
    assert len(await inbox.messages()) == 1


async def test_n_10_the_same_message_twice_at_once_is_one_mail(door: Door, inbox: Inbox) -> None:
    message = notification(receipt(inbox.email, content=TEXT))
    answers = await asyncio.gather(*(door.post(message) for _ in range(8)))
    assert {one.status_code for one in answers} == {200}
    assert len(await inbox.messages()) == 1


async def test_n_12_an_end_of_the_subscription_is_an_alert_and_is_not_followed(door: Door) -> None:
    with capture_logs() as logs:
        assert (await door.post(confirmation("UnsubscribeConfirmation"))).status_code == 200
    assert [one["topic"] for one in logs if one["event"] == "sns_unsubscribed"] == [TOPIC]
    assert door.sns.fetched == [CERTIFICATE_URL]


async def test_n_16_a_bounce_of_what_was_never_sent_suppresses_nobody(door: Door, inbox: Inbox) -> None:
    bounce = {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": "gone@example.com", "status": "5.1.1"}],
            "timestamp": "2026-01-02T03:04:05.678Z",
            "feedbackId": "x",
        },
        "mail": {"messageId": "0102018f-unknown", "destination": ["gone@example.com"], "tags": {}},
    }
    with capture_logs() as logs:
        assert (await door.post(notification(bounce))).status_code == 200
    assert [one["ses"] for one in logs if one["event"] == "feedback that names no call of ours"] == [1]
    assert (await inbox.tenant.http.get("/suppressions")).json()["data"] == []


async def test_n_19_large_bodies_and_deep_json(door: Door) -> None:
    assert (await door.post(notification("x" * 1_100_000))).status_code == 413
    assert (await door.post(notification('{"a":' * 50_000))).status_code == 400
    assert (await door.post(notification('{"notificationType": "Received", "a": ' + "[" * 50_000))).status_code == 400
    assert (await door.post(b"[" * 500_000)).status_code in (400, 403)
    assert (await door.post(b"{" * 500_000)).status_code == 400
    assert (await door.post(b"\xff\xfe\x00")).status_code == 400


async def test_raw_message_delivery_is_refused_with_what_to_do(door: Door, inbox: Inbox) -> None:
    answer = await door.post(receipt(inbox.email, content=TEXT))
    assert answer.status_code == 403
    assert "raw message delivery" in answer.json()["fix"]


@pytest.mark.parametrize(
    "change",
    [
        {"receipt": None},
        {"receipt": {"recipients": "x", "action": {}}},
        {"receipt": {"recipients": ["x"] * 501, "action": {}}},
        {"mail": {"messageId": 7}},
        {"mail": {"messageId": "../../etc/passwd"}},
        {"mail": {}},
    ],
)
async def test_receipts_of_a_wrong_shape_are_400(door: Door, change: dict[str, Any]) -> None:
    answer = await door.post(notification({**receipt("a@example.com", content=TEXT), **change}))
    assert answer.status_code == 400


async def test_hostile_recipients_lead_nowhere_and_break_nothing(door: Door, inbox: Inbox) -> None:
    hostile = [
        "",
        "\0",
        "\0@agentpost.test",
        "a" * 4000,
        "@",
        "a@b@c",
        "<x@y>",
        inbox.email + ">",
        "a%b@agentpost.test",
    ]
    assert (await door.post(notification(receipt(*hostile, inbox.email, content=TEXT)))).status_code == 200
    assert len(await inbox.messages()) == 1


async def test_an_alert_of_another_action_and_plain_text_are_taken_note_of(door: Door) -> None:
    alert = receipt("a@example.com", content="x")
    del alert["content"]
    assert (await door.post(notification(alert))).status_code == 200
    assert (await door.post(notification("Successfully validated SNS topic"))).status_code == 200
    assert (await door.post(notification({"eventType": "Unheard-of", "mail": {}}))).status_code == 200
    assert (await door.post(notification({"who": "knows"}))).status_code == 400


def test_the_authority_is_the_tests_own() -> None:
    SNS.certificate.verify_directly_issued_by(AUTHORITY.certificate)
