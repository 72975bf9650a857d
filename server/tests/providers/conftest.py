"""Object stores on loopback for the tests of blobs, started when the first test asks for them."""

from collections.abc import Iterator

import pytest

from agentpost_server.providers.gcs import GcsLocation
from agentpost_server.providers.s3 import S3Location
from agentpost_server.providers.sigv4 import Credentials
from providers import gcs_stand_in


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Location]:
    """A bucket that is there, and the keys to it."""
    import boto3
    from moto.server import ThreadedMotoServer

    keys = Credentials(access_key_id="AKIDEXAMPLE", secret_access_key="secret/with+signs=")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
    ).create_bucket(Bucket="mail")
    yield S3Location(bucket="mail", endpoint=f"http://{host}:{port}", credentials=keys)
    server.stop()


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[gcs_stand_in.Gcs]:
    with gcs_stand_in.listening() as store:
        yield store


@pytest.fixture(scope="session")
def gcs(gcs_server: gcs_stand_in.Gcs, tmp_path_factory: pytest.TempPathFactory) -> GcsLocation:
    """A bucket that is there, and a service account's key to it."""
    key_file = gcs_stand_in.write_key_file(tmp_path_factory.mktemp("gcs") / "key.json")
    return GcsLocation(bucket=gcs_stand_in.BUCKET, endpoint=gcs_server.url, key_file=key_file)
