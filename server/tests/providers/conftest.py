"""Object stores on loopback for the tests of blobs, started when the first test asks for them."""

from collections.abc import Iterator

import pytest

from agentpost_server.providers.gcs import GcsLocation
from agentpost_server.providers.s3 import S3Location
from object_store import s3_server
from providers import gcs_stand_in


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Location]:
    """A bucket that is there, and the keys to it."""
    with s3_server() as location:
        yield location


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[gcs_stand_in.Gcs]:
    with gcs_stand_in.listening() as store:
        yield store


@pytest.fixture(scope="session")
def gcs(gcs_server: gcs_stand_in.Gcs, tmp_path_factory: pytest.TempPathFactory) -> GcsLocation:
    """A bucket that is there, and a service account's key to it."""
    key_file = gcs_stand_in.write_key_file(tmp_path_factory.mktemp("gcs") / "key.json")
    return GcsLocation(bucket=gcs_stand_in.BUCKET, endpoint=gcs_server.url, key_file=key_file)
