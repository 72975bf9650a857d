"""Google's store beyond the contract: signed URLs against the store library's own signer and a stand-in that checks,
the machine's account, keys that cannot be used.
"""

import asyncio
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec
import obstore
import pytest
from obstore.store import GCSStore

from agentpost_server.opening import open_blobs
from agentpost_server.ports.blobs import blob_key
from agentpost_server.providers.gcs import GcsBlobs, GcsLocation
from agentpost_server.providers.s3 import S3Blobs
from agentpost_server.settings import SettingsError, load
from providers.gcs_stand_in import Gcs, write_key_file


def new_key() -> str:
    return blob_key(uuid.uuid4(), uuid.uuid4(), datetime(2026, 3, 1, tzinfo=UTC))


async def fetch(
    url: str, method: str = "GET", data: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes, Mapping[str, str]]:
    assert urlsplit(url).hostname == "127.0.0.1"
    request = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))

    def ask() -> tuple[int, bytes, Mapping[str, str]]:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read(), dict(refusal.headers)

    return await asyncio.to_thread(ask)


def parts_of(url: str) -> tuple[object, ...]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc, parts.path, sorted(parse_qsl(parts.query))


async def test_we_sign_as_the_store_library_does(gcs: GcsLocation) -> None:
    library = GCSStore(gcs.bucket, config={"application_credentials": str(gcs.key_file)})
    google, key = GcsBlobs(msgspec.structs.replace(gcs, endpoint=None)), new_key()

    def both() -> tuple[str, str]:
        ours = google._presigned("GET", key, 77, {}, {})
        assert ours is not None
        return ours, obstore.sign(library, "GET", key, timedelta(seconds=77))

    tries = [both() for _ in range(3)]  # two of the three at least were signed in one second
    assert any(parts_of(ours) == parts_of(theirs) for ours, theirs in tries)


async def test_a_download_carries_its_name_and_type(gcs: GcsLocation, gcs_server: Gcs) -> None:
    blobs, key = GcsBlobs(gcs), new_key()
    await blobs.put(key, b"<script>", media_type="text/html")
    url = await blobs.download_url(key, seconds=60, filename='Ré"sumé\r\nX: y.pdf', media_type="application/pdf")
    assert url is not None
    status, body, headers = await fetch(url)
    assert (status, body) == (200, b"<script>"), gcs_server.wrong
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"].startswith('attachment; filename="Re')
    assert (await fetch(url.replace("application%2Fpdf", "text%2Fhtml")))[0] == 403
    assert (await fetch(url, "HEAD"))[0] == 403


async def test_an_upload_of_the_signed_type_and_size_alone(gcs: GcsLocation, gcs_server: Gcs) -> None:
    blobs, key = GcsBlobs(gcs), new_key()
    url = await blobs.upload_url(key, seconds=60, media_type="image/png; x=y", size=5)
    assert url is not None
    assert parse_qs(urlsplit(url).query)["X-Goog-SignedHeaders"] == ["content-length;content-type;host"]
    assert (await fetch(url, "PUT", b"images", {"Content-Type": "image/png"}))[0] == 403
    assert (await fetch(url, "PUT", b"image", {"Content-Type": "text/html"}))[0] == 403
    assert (await fetch(url, "PUT", b"image", {"Content-Type": "image/png"}))[0] == 200, gcs_server.wrong
    assert await blobs.get(key) == b"image"


async def test_urls_name_google_end_and_last_a_week_at_most(gcs: GcsLocation, gcs_server: Gcs) -> None:
    key = new_key()
    google = GcsBlobs(GcsLocation(bucket="my.mail", prefix="p", key_file=gcs.key_file))
    url = await google.download_url(key, seconds=10**9, filename="a", media_type="a/b")
    assert url is not None
    assert url.startswith(f"https://storage.googleapis.com/my.mail/p/{key}?")
    assert parse_qs(urlsplit(url).query)["X-Goog-Expires"] == ["604800"]
    short = await GcsBlobs(gcs).download_url(key, seconds=1, filename="a", media_type="a/b")
    assert short is not None
    await asyncio.sleep(2.1)
    assert (await fetch(short))[0] == 403
    assert gcs_server.wrong[-1] == "over"


async def test_what_has_no_key_signs_nothing(gcs: GcsLocation, tmp_path: Path) -> None:
    user = tmp_path / "user.json"
    user.write_text(
        json.dumps({"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"})
    )
    for key_file in (None, user):
        blobs = GcsBlobs(msgspec.structs.replace(gcs, key_file=key_file))
        assert await blobs.download_url(new_key(), seconds=60, filename="a", media_type="a/b") is None
        assert await blobs.upload_url(new_key(), seconds=60, media_type="a/b", size=1) is None


async def test_a_bucket_that_is_not_there_is_a_failure_not_an_absence(gcs: GcsLocation) -> None:
    blobs = GcsBlobs(msgspec.structs.replace(gcs, bucket="nowhere"))
    for call in (lambda: blobs.get(new_key()), lambda: blobs.put(new_key(), b"x"), blobs.check):
        with pytest.raises(OSError):
            await call()


def test_settings_choose_the_store(gcs: GcsLocation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(write_key_file(tmp_path / "key.json")))
    assert isinstance(open_blobs(load({}, blob_url="gs://mail/a/b-c_d.e"), tmp_path), GcsBlobs)
    assert isinstance(open_blobs(load({}, blob_url="s3://mail"), tmp_path), S3Blobs)


@pytest.mark.parametrize(
    "url", ["gcs://mail", "gs:///a", "gs://mail/a//b", "s3://mail/../x", "s3://mail/a b", "s3://mail/a%2Fb", "gs://m/ü"]
)
def test_a_url_of_another_shape_stops_the_start(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="AGENTPOST_BLOB_URL must look like"):
        open_blobs(load({}, blob_url=url), tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file"),
        ("{}garbage", "is not a credentials file of Google"),
        ('{"type":"service_account","private_key":"geheim"}', "is not a credentials file of Google"),
        ('{"type":"external_account","audience":"x"}', "of no kind that can be used here"),
    ],
)
def test_a_key_that_cannot_be_used_stops_the_start(
    content: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    with pytest.raises(SettingsError, match="GOOGLE_APPLICATION_CREDENTIALS") as caught:
        open_blobs(load({}, blob_url="gs://mail"), tmp_path)
    assert told in str(caught.value)
    assert "geheim" not in str(caught.value)
