"""An S3 server on loopback (moto's), with one bucket that is there."""

from collections.abc import Iterator
from contextlib import contextmanager

from agentpost_server.providers.s3 import S3Location
from agentpost_server.providers.sigv4 import Credentials


@contextmanager
def s3_server() -> Iterator[S3Location]:
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
