"""A server whose SES is a stand-in of Amazon's services on loopback, and whose SNS is the tests' own authority."""

from collections.abc import AsyncGenerator, Iterator
from typing import Any, NamedTuple

import boto3
import httpx2 as httpx
import pytest
import pytest_asyncio

from databases import new_database
from harness import API, Server, Tenant, new_tenant, running_server
from inbound.mailing import Inbox, new_inbox
from inbound.ses.signing import CERTIFICATE_URL, SNS, TOPIC

TOKEN = "the-secret-of-the-path"
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}


class Amazon(NamedTuple):
    """Its endpoint, and clients of it as the operator has them."""

    endpoint: str
    s3: Any
    sqs: Any
    sns: Any

    def put(self, key: str, raw: bytes) -> None:
        self.s3.put_object(Bucket="mail-in", Key=key, Body=raw)

    def new_queue(self, name: str, **attributes: str) -> str:
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


@pytest.fixture(scope="session")
def amazon() -> Iterator[Amazon]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    clients = [
        boto3.client(name, endpoint_url=endpoint, region_name="eu-west-1", **KEYS) for name in ("s3", "sqs", "sns")
    ]
    clients[0].create_bucket(Bucket="mail-in", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield Amazon(endpoint, *clients)
    server.stop()


def settings_of(amazon: Amazon) -> dict[str, Any]:
    return {
        "ses_topics": f"arn:aws:sns:eu-west-1:123456789012:other, {TOPIC}",
        "ses_inbound_token": TOKEN,
        "ses_region": "eu-west-1",
        "ses_endpoint": amazon.endpoint,
        "ses_access_key_id": KEYS["aws_access_key_id"],
        "ses_secret_access_key": KEYS["aws_secret_access_key"],
        "ses_inbound_bucket": "s3://mail-in/in",
        "mail_authentication": "off",
        "max_receive_octets": 300_000,
    }


class Sns:
    """The certificate file as SNS serves it, and what was asked for."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.files: dict[str, bytes] = {CERTIFICATE_URL: SNS.pem}

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        return self.files[url]


class Door(NamedTuple):
    """The HTTP door of a server, knocked on as SNS does."""

    server: Server
    sns: Sns
    http: httpx.AsyncClient

    async def post(self, message: Any, *, token: str = TOKEN, content_type: str = "text/plain; charset=UTF-8"):
        headers = {"Content-Type": content_type, "x-amz-sns-message-type": "Notification"}
        if isinstance(message, bytes):
            return await self.http.post(f"/inbound/ses/{token}", content=message, headers=headers)
        return await self.http.post(
            f"/inbound/ses/{token}", content=httpx.Request("POST", "http://x", json=message).content, headers=headers
        )


@pytest_asyncio.fixture(scope="session")
async def ses_database(postgres: str) -> str:
    return await new_database(postgres, "ses")


@pytest_asyncio.fixture(scope="session")
async def ses_server(ses_database: str, amazon: Amazon) -> AsyncGenerator[Server]:
    async with running_server(ses_database, **settings_of(amazon)) as running:
        yield running


@pytest_asyncio.fixture
async def door(ses_server: Server) -> AsyncGenerator[Door]:
    sns = Sns()
    certificates = ses_server.process.intake.certificates
    certificates.fetch = sns.fetch
    certificates.forget()
    async with httpx.AsyncClient(base_url=ses_server.url + API, timeout=30, trust_env=False) as http:
        yield Door(ses_server, sns, http)


@pytest_asyncio.fixture
async def owner(ses_server: Server) -> AsyncGenerator[Tenant]:
    async with new_tenant(ses_server) as made:
        yield made


@pytest_asyncio.fixture
async def inbox(owner: Tenant) -> Inbox:
    return await new_inbox(owner)
