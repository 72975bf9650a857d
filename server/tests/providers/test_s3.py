"""S3 beyond the contract: presigned URLs against AWS's own signer and a server, failures, the machine's role."""

import asyncio
import socket
import time
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.ports.blobs import BlobNotFound, blob_key
from agentpost_server.providers.s3 import S3Blobs, S3Location
from agentpost_server.providers.sigv4 import Credentials, presigned_url


def new_key() -> str:
    return blob_key(uuid.uuid4(), uuid.uuid4(), datetime(2026, 3, 1, tzinfo=UTC))


def fetch(url: str, *, method: str = "GET", data: bytes | None = None, headers: dict[str, str] | None = None):
    assert urlsplit(url).hostname in {"127.0.0.1", "localhost"}
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read(), answer.headers


def test_the_example_of_the_aws_documentation() -> None:
    url = presigned_url(
        Credentials(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        method="GET",
        url="https://examplebucket.s3.amazonaws.com/test.txt",
        region="us-east-1",
        seconds=86400,
        at=datetime(2013, 5, 24, tzinfo=UTC),
    )
    assert url.endswith("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


@settings(max_examples=25, deadline=None)
@given(
    name=st.text(st.characters(exclude_categories=("Cs",)), max_size=30),
    token=st.none() | st.just("to/ken+=="),
    seconds=st.integers(1, 604_800),
)
def test_we_sign_as_botocore_does(name: str, token: str | None, seconds: int) -> None:
    client = _botocore(token)
    reference = client.generate_presigned_url(
        "get_object",
        Params={"Bucket": "mail", "Key": "a/b-c_d~e.f", "ResponseContentDisposition": name},
        ExpiresIn=seconds,
    )
    asked = {name: values[0] for name, values in parse_qs(urlsplit(reference).query, keep_blank_values=True).items()}
    ours = presigned_url(
        Credentials(access_key_id="AKID", secret_access_key="shh", session_token=token),
        method="GET",
        url="http://127.0.0.1:9000/mail/a/b-c_d~e.f",
        region="eu-west-1",
        seconds=seconds,
        at=datetime.strptime(asked["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
        query={"response-content-disposition": name} if "response-content-disposition" in asked else None,
    )
    assert {n: v[0] for n, v in parse_qs(urlsplit(ours).query, keep_blank_values=True).items()} == asked


_clients: dict[str | None, Any] = {}


def _botocore(token: str | None) -> Any:
    if token not in _clients:
        _clients[token] = boto3.client(
            "s3",
            endpoint_url="http://127.0.0.1:9000",
            region_name="eu-west-1",
            aws_access_key_id="AKID",
            aws_secret_access_key="shh",
            aws_session_token=token,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
    return _clients[token]


@pytest.fixture
def blobs(s3: S3Location) -> S3Blobs:
    return S3Blobs(S3Location(bucket="mail", endpoint=s3.endpoint, prefix="p", credentials=s3.credentials))


async def test_a_download_carries_its_name_and_type(blobs: S3Blobs) -> None:
    key = new_key()
    await blobs.put(key, b"<script>", media_type="text/html")
    url = await blobs.download_url(
        key, seconds=60, filename='Ré"sumé\r\nSet-Cookie: x.pdf', media_type="application/pdf"
    )
    assert url is not None
    body, headers = await asyncio.to_thread(fetch, url)
    assert body == b"<script>"
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"].startswith('attachment; filename="Re')
    assert "Set-Cookie" not in headers
    assert "\r" not in headers["Content-Disposition"]


async def test_an_upload_of_the_signed_type_and_size(blobs: S3Blobs) -> None:
    key = new_key()
    url = await blobs.upload_url(key, seconds=60, media_type="image/png; x=y", size=5)
    assert url is not None
    assert parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"] == ["content-length;content-type;host"]
    await asyncio.to_thread(
        lambda: fetch(url, method="PUT", data=b"image", headers={"Content-Type": "image/png", "Content-Length": "5"})
    )
    assert await blobs.get(key) == b"image"
    assert await blobs.size(key) == 5


async def test_urls_name_the_public_endpoint_or_amazon(s3: S3Location) -> None:
    key = new_key()
    public = S3Location(
        bucket="mail", endpoint=s3.endpoint, public_endpoint="https://files.example.com/", credentials=s3.credentials
    )
    url = await S3Blobs(public).download_url(key, seconds=10**9, filename="a", media_type="a/b")
    assert url is not None
    assert url.startswith(f"https://files.example.com/mail/{key}?")
    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["604800"]
    amazon = S3Location(bucket="mail", region="eu-west-1", credentials=s3.credentials)
    url = await S3Blobs(amazon).download_url(key, seconds=60, filename="a", media_type="a/b")
    assert url is not None
    assert url.startswith(f"https://mail.s3.eu-west-1.amazonaws.com/{key}?")
    role = S3Location(bucket="mail", endpoint=s3.endpoint)
    assert await S3Blobs(role).download_url(key, seconds=60, filename="a", media_type="a/b") is None
    assert await S3Blobs(role).upload_url(key, seconds=60, media_type="a/b", size=1) is None


@pytest.mark.parametrize(
    ("location", "base"),
    [
        ({"endpoint": "https://0a1b.r2.cloudflarestorage.com", "region": "auto"}, "0a1b.r2.cloudflarestorage.com/mail"),
        ({"endpoint": "https://storage.googleapis.com/", "region": "auto"}, "storage.googleapis.com/mail"),
        ({"endpoint": "https://minio.example:9000"}, "minio.example:9000/mail"),
        ({"region": "eu-west-1"}, "mail.s3.eu-west-1.amazonaws.com"),
        ({"region": "cn-north-1"}, "mail.s3.cn-north-1.amazonaws.com.cn"),
        ({"bucket": "my.mail", "region": "eu-west-1"}, "s3.eu-west-1.amazonaws.com/my.mail"),
    ],
)
async def test_where_the_bucket_stands_in_urls(location: dict[str, str], base: str) -> None:
    keys = Credentials(access_key_id="AKID", secret_access_key="shh")
    blobs = S3Blobs(S3Location(**{"bucket": "mail", "prefix": "p", **location}, credentials=keys))
    key = new_key()
    url = await blobs.download_url(key, seconds=60, filename="a", media_type="a/b")
    assert url is not None
    assert url.startswith(f"https://{base}/p/{key}?")
    scope = parse_qs(urlsplit(url).query)["X-Amz-Credential"][0]
    assert scope.endswith(f"/{location.get('region', 'us-east-1')}/s3/aws4_request")


async def test_a_bucket_that_is_not_there_is_a_failure_not_an_absence(s3: S3Location) -> None:
    blobs = S3Blobs(S3Location(bucket="nowhere", endpoint=s3.endpoint, credentials=s3.credentials))
    for call in (lambda: blobs.get(new_key()), lambda: blobs.put(new_key(), b"x"), blobs.check):
        with pytest.raises(OSError):
            await call()
    with pytest.raises(OSError):
        await anext(aiter(blobs.stream(new_key())))


async def test_a_store_that_never_answers_is_not_ready_within_five_seconds(s3: S3Location) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        blobs = S3Blobs(
            S3Location(
                bucket="mail", endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}", credentials=s3.credentials
            )
        )
        started = time.monotonic()
        with pytest.raises(OSError):
            await blobs.check()
        assert time.monotonic() - started < 20


async def test_errors_and_reprs_hold_no_secret(s3: S3Location) -> None:
    assert s3.credentials is not None
    secret = s3.credentials.secret_access_key
    assert secret not in repr(s3) + str(s3.credentials)
    blobs = S3Blobs(S3Location(bucket="mail", endpoint=s3.endpoint, credentials=s3.credentials))
    with pytest.raises(BlobNotFound) as caught:
        await blobs.get(new_key())
    assert secret not in str(caught.value) + str(caught.value.__cause__)
    with pytest.raises(urllib.error.HTTPError):
        await asyncio.to_thread(fetch, f"{s3.endpoint}/mail/{new_key()}")
