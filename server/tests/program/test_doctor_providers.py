"""The doctor at providers and services: moto and stand-ins on loopback, a real Redis, real SMTP peers."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import pytest_asyncio

from agentpost_server.cli.doctor import amazon, blobs, providers, services
from agentpost_server.cli.doctor.model import Check, Finding, examine
from program import relay
from program.doctoring import by_name, installation, told
from providers.transports.http_stand_in import HttpStandIn, Reply, Request
from redis_server import needs_redis, redis_server

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
HEALTHY = {
    "SendingEnabled": True,
    "ProductionAccessEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "SendQuota": {"Max24HourSend": 50_000.0, "SentLast24Hours": 12.0, "MaxSendRate": 14.0},
}


class Api(HttpStandIn):
    """Answers by path; nothing that is not a GET."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, Reply] = {}

    async def answer(self, request: Request) -> Reply:
        assert request.method == "GET", "a doctor changes nothing"
        return self.replies.get(request.path, Reply.json(404, {"message": "no such thing"}))

    def says(self, path: str, value: Any, status: int = 200, **headers: str) -> None:
        self.replies[path] = Reply.json(status, value, **headers)


@pytest_asyncio.fixture
async def api() -> AsyncGenerator[Api]:
    made = Api()
    await made.start()
    yield made
    await made.stop()


async def looked(check: Check, *, seconds: float = 10) -> dict[str, Finding]:
    return by_name(await examine("check", check, seconds=seconds))


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _amazon(endpoint: str, **settings: Any) -> dict[str, Any]:
    keys = {"ses_access_key_id": "AKIDEXAMPLE", "ses_secret_access_key": "secret", "ses_endpoint": endpoint}
    return {"ses_region": "eu-west-1", **keys, **settings}


async def _ses(api: Api, tmp_path: Path, **settings: Any) -> dict[str, Finding]:
    one = installation(tmp_path, **_amazon(api.url, **settings))
    return await looked(lambda: amazon.ses(one))


async def test_ses_in_order(api: Api, tmp_path: Path) -> None:
    api.says("/v2/email/account", HEALTHY)
    api.says("/v2/email/configuration-sets/home", {"ConfigurationSetName": "home"})
    api.says("/v2/email/identities/mail.example", {"VerifiedForSendingStatus": True})
    settings = {"ses_queue_url": "https://x/q", "ses_topics": "arn:aws:sns:x", "ses_configuration_set": "home"}
    found = await _ses(api, tmp_path, shared_domain="mail.example", **settings)
    assert {one.status for one in found.values()} == {"ok"}, found
    assert "12 of 50000 mails" in found["ses"].found


@pytest.mark.parametrize(
    ("account", "status", "words"),
    [
        ({"ProductionAccessEnabled": False}, "warning", "sandbox"),
        ({"SendingEnabled": False}, "failed", "stopped"),
        ({"EnforcementStatus": "SHUTDOWN"}, "failed", "stopped"),
        ({"EnforcementStatus": "PROBATION"}, "warning", "under review"),
        ({"SendQuota": {"Max24HourSend": 100, "SentLast24Hours": 95}}, "warning", "95 of 100"),
    ],
)
async def test_what_is_wrong_with_the_account_of_ses(
    api: Api, tmp_path: Path, account: dict[str, Any], status: str, words: str
) -> None:
    api.says("/v2/email/account", {**HEALTHY, **account})
    told((await _ses(api, tmp_path))["ses"], status, words)


async def test_ses_that_does_not_know_us_or_what_we_name(api: Api, tmp_path: Path) -> None:
    code = {"x_amzn_ErrorType": "UnrecognizedClientException"}
    api.says("/v2/email/account", {"message": "The security token is invalid"}, 403, **code)
    told((await _ses(api, tmp_path))["ses"], "failed", "The security token is invalid", "Correct the credentials")
    api.says("/v2/email/account", {"message": "no"}, 403, x_amzn_ErrorType="AccessDeniedException")
    told((await _ses(api, tmp_path))["ses"], "not_checked", "they may not ask", "ses:GetAccount")
    api.says("/v2/email/account", HEALTHY)
    missing = Reply.json(404, {"message": "none"}, x_amzn_ErrorType="NotFoundException")
    api.replies |= dict.fromkeys(("/v2/email/configuration-sets/home", "/v2/email/identities/mail.example"), missing)
    found = await _ses(
        api, tmp_path, shared_domain="mail.example", ses_configuration_set="home", ses_inbound_token="t" * 20
    )
    told(found["ses-configuration-set"], "failed", "no configuration set home")
    told(found["ses-shared-domain"], "warning", "does not know mail.example")
    told(found["ses-feedback"], "failed", "AGENTPOST_SES_TOPICS is empty")
    told((await _ses(api, tmp_path))["ses-feedback"], "warning", "bounces do not come home")


async def test_queue_and_buckets_at_moto(moto_url: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"endpoint_url": moto_url, "region_name": "eu-west-1", **KEYS}
    queue = boto3.client("sqs", **options).create_queue(QueueName="told")["QueueUrl"]
    s3 = boto3.client("s3", **options)
    s3.create_bucket(Bucket="doctor-in", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="doctor-in", Key="in/one", Body=b"mail")
    store = {"s3_endpoint": moto_url, "s3_access_key_id": "AKIDEXAMPLE", "s3_secret_access_key": "secret"}
    for bucket, url, status in (("doctor-in", queue, "ok"), ("gone", f"{queue}-gone", "failed")):
        one = installation(
            tmp_path,
            **_amazon(moto_url, ses_queue_url=url, ses_inbound_bucket=f"s3://{bucket}/in"),
            **{"blob_url": f"s3://{bucket}/blobs", **store},
        )
        told((await looked(lambda one=one: amazon.queue(one))).popitem()[1], status)
        told((await looked(lambda one=one: amazon.bucket(one))).popitem()[1], status, bucket)
        told((await looked(lambda one=one: blobs.blobs(one))).popitem()[1], status, bucket)
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="doctor-in")["Contents"]]
    assert [key for key in keys if "readiness" not in key] == ["in/one"], "the probe is gone"


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Reply.json(200, {"scopes": ["mail.send", "user.email.read"]}), "ok", "may send"),
        (Reply.json(200, {"scopes": ["user.email.read"]}), "failed", "may not send"),
        (Reply.json(401, {"errors": [{"message": "authorization required"}]}), "failed", "SENDGRID_API_KEY is refused"),
        (Reply.json(500, {}), "failed", "HTTP 500"),
        (Reply(200, b"[[[["), "failed", "may not send"),
    ],
)
async def test_sendgrid(api: Api, tmp_path: Path, reply: Reply, status: str, words: str) -> None:
    api.replies["/v3/scopes"] = reply
    one = installation(tmp_path, sendgrid_api_key="SG.key", sendgrid_endpoint=api.url)
    told((await looked(lambda: providers.sendgrid(one))).popitem()[1], status, words)
    assert api.requests[0].headers["authorization"] == "Bearer SG.key"


async def test_postmark(api: Api, tmp_path: Path) -> None:
    one = installation(tmp_path, postmark_server_token="token", postmark_endpoint=api.url)

    async def found() -> Finding:
        return (await looked(lambda: providers.postmark(one))).popitem()[1]

    api.says("/server", {"ErrorCode": 10, "Message": "Bad or missing Server API token."}, 401)
    told(await found(), "failed", "AGENTPOST_POSTMARK_SERVER_TOKEN is refused")
    api.says("/server", {"ID": 1, "Name": "Agents", "DeliveryType": "Live"})
    api.says("/message-streams", {"MessageStreams": [{"ID": "broadcast"}], "TotalCount": 1})
    told(await found(), "failed", "no message stream outbound")
    api.says("/message-streams", {"MessageStreams": [{"ID": "outbound"}], "TotalCount": 1})
    told(await found(), "ok", "stream outbound")
    api.says("/server", {"DeliveryType": "Sandbox"})
    told(await found(), "warning", "sandbox")
    assert {request.headers["x-postmark-server-token"] for request in api.requests} == {"token"}


async def test_mailgun(api: Api, tmp_path: Path) -> None:
    settings = {"mailgun_api_key": "key", "mailgun_endpoint": api.url}

    async def found(**more: Any) -> Finding:
        one = installation(tmp_path, **settings, **more)
        return (await looked(lambda: providers.mailgun(one))).popitem()[1]

    api.says("/v4/domains?limit=1", {"message": "Forbidden"}, 401)
    told(await found(), "warning", "a sending key, which may ask nothing")
    api.says("/v4/domains?limit=1", {"total_count": 1, "items": [{"name": "mail.example"}]})
    told(await found(), "ok")
    told(await found(mailgun_domain="mail.example"), "failed", "no domain mail.example", "EU or US")
    api.says("/v4/domains/mail.example", {"domain": {"name": "mail.example", "state": "unverified"}})
    told(await found(mailgun_domain="mail.example"), "failed", "is unverified")
    api.says("/v4/domains/mail.example", {"domain": {"name": "mail.example", "state": "active"}})
    told(await found(mailgun_domain="mail.example"), "ok")


async def test_rspamd(api: Api, tmp_path: Path) -> None:
    one = installation(tmp_path, rspamd_url=f"{api.url}/")
    told((await looked(lambda: services.rspamd(one))).popitem()[1], "failed", "not rspamd")
    api.replies["/ping"] = Reply(200, b"pong\r\n")
    told((await looked(lambda: services.rspamd(one))).popitem()[1], "ok")


class TestRedis:
    pytestmark = needs_redis

    async def test_it_is_asked_and_its_absence_told(self, tmp_path: Path) -> None:
        async with redis_server(tmp_path, "--requirepass", "open") as server:
            url = f"redis://:open@127.0.0.1:{server.port}/0"
            right, wrong = (installation(tmp_path, redis_url=one) for one in (url, url.replace("open", "shut")))
            told((await looked(lambda: services.redis(right))).popitem()[1], "ok")
            told((await looked(lambda: services.redis(wrong))).popitem()[1], "failed", "AGENTPOST_REDIS_URL")
        told((await looked(lambda: services.redis(right))).popitem()[1], "failed", "does not answer")
        nonsense = installation(tmp_path, redis_url="http://:hush@x")
        told((await looked(lambda: services.redis(nonsense))).popitem()[1], "failed", "must look like redis://")


async def test_the_relay_is_greeted_and_sent_nothing(tmp_path: Path) -> None:
    async with relay.listening() as peer:
        url = f"smtp://127.0.0.1:{peer.port}"
        one = installation(tmp_path, relay_url=url, relay_tls="none")
        told((await looked(lambda: services.relay(one))).popitem()[1], "ok", str(peer.port))
        one = installation(tmp_path, relay_url=url)
        told((await looked(lambda: services.relay(one))).popitem()[1], "failed", "STARTTLS")
        assert peer.took == {}
    told((await looked(lambda: services.relay(one))).popitem()[1], "failed", "cannot be used")


async def test_port_25_is_tried_only_where_the_operator_says(tmp_path: Path) -> None:
    closed = installation(tmp_path)
    assert await services.port_25(closed, None) == []
    async with relay.listening() as peer:
        one = installation(tmp_path, direct=True, direct_port=peer.port)
        told((await looked(lambda: services.port_25(one, None))).popitem()[1], "not_checked", "--send-probe")
        told((await looked(lambda: services.port_25(one, "127.0.0.1"))).popitem()[1], "ok", str(peer.port))
    told((await looked(lambda: services.port_25(one, "127.0.0.1"))).popitem()[1], "failed", "close port 25")


async def test_a_service_that_says_nothing_costs_three_seconds(tmp_path: Path) -> None:
    async def stall(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(10)
        writer.close()

    server = await asyncio.start_server(stall, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    one = installation(
        tmp_path, rspamd_url=f"http://127.0.0.1:{port}", relay_url=f"smtp://127.0.0.1:{port}", relay_tls="none"
    )
    async with asyncio.timeout(4):
        found = await asyncio.gather(
            looked(lambda: services.rspamd(one), seconds=3), looked(lambda: services.relay(one), seconds=3)
        )
    for part in found:
        told(part.popitem()[1], "failed")
    server.close()
