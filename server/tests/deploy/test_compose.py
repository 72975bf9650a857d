"""The Compose file: valid, pinned, every setting of it real, every role there, and nothing in it to be guessed."""

import ipaddress
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
import yaml

from agentpost_server import settings
from agentpost_server.app import networks
from agentpost_server.cli.serve import ROLES
from agentpost_server.providers.s3 import S3Blobs, S3Location
from agentpost_server.settings import Settings
from screening.authentication.suites import suite_file

DEPLOY = Path(__file__).parents[3] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
EXAMPLE = (DEPLOY / "env.example").read_text(encoding="utf-8")
OURS = {name: one for name, one in SERVICES.items() if one["image"].startswith("agentpost:")}
SERVING = {name: one for name, one in OURS.items() if one["command"][0] == "serve"}
KEYS = {"aws_access_key_id": "agentpost", "aws_secret_access_key": "secret"}
FILLED = {
    "MAIL_DOMAIN": "mail.example.com",
    "POSTGRES_PASSWORD": "ab12",
    "OBJECTS_SECRET": "cd34",
    "AGENTPOST_SECRET_KEY": "A" * 43 + "=",
}


def filled(text: str) -> str:
    """As Compose writes the variables of .env into its file."""
    return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: FILLED[found[1]], text)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_it_is_valid_by_the_schema_of_the_compose_specification() -> None:
    import jsonschema

    path = "src/check_jsonschema/builtin_schemas/vendor/compose-spec.json"
    schema = json.loads(suite_file("check_jsonschema-0.39.0", path))
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(COMPOSE)] == []


def test_images_are_pinned_by_version() -> None:
    for name, service in SERVICES.items():
        image = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", service["image"])
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+(\.\d+)?(-[\w.]+)?", image), name


def test_every_setting_in_it_is_one_of_the_server() -> None:
    known = {f"AGENTPOST_{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8") + EXAMPLE
    assert set(re.findall(r"\bAGENTPOST_[A-Z0-9_]*[A-Z0-9]\b", text)) <= known


@pytest.mark.parametrize("name", OURS)
def test_the_server_takes_the_settings_that_it_gives(name: str) -> None:
    environ = {key: filled(str(value)) for key, value in OURS[name]["environment"].items()}
    taken = settings.load(environ)
    assert taken.database_url == "postgresql://agentpost:ab12@postgres/agentpost"
    assert taken.public_url == "https://mail.example.com"
    assert taken.blob_url.startswith("s3://")


def test_variables_without_a_default_are_in_the_example_and_demanded() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    needed = set(re.findall(r"\$\{(\w+)(?:\}|:\?)", text))
    assert {line.partition("=")[0] for line in EXAMPLE.splitlines() if line.endswith("=") and line[0] != "#"} == needed
    assert needed == set(re.findall(r"\$\{(\w+):\?", text))


def test_every_role_is_served_and_the_api_twice() -> None:
    roles = [one["command"][one["command"].index("--roles") + 1].split(",") for one in SERVING.values()]
    assert {role for some in roles for role in some} == set(ROLES)
    assert sum("api" in some for some in roles) == 2
    assert sum("worker" in some for some in roles) == 2


def test_nobody_serves_before_what_it_needs_is_there() -> None:
    for name, service in SERVING.items():
        waits = {other: one["condition"] for other, one in service["depends_on"].items()}
        assert waits.pop("migrate") == waits.pop("bucket") == "service_completed_successfully", name
        assert waits == dict.fromkeys(("postgres", "redis", "objects"), "service_healthy"), name
    for other in ("postgres", "redis", "objects", "proxy"):
        assert SERVICES[other]["healthcheck"]["test"], other
    assert all(SERVICES[once]["restart"] == "no" for once in ("migrate", "bucket"))
    assert SERVICES["migrate"]["command"] == ["migrate"]


def test_what_must_survive_lies_in_named_volumes() -> None:
    kept = {name: one for name, one in SERVICES.items() if name in ("postgres", "objects", "proxy")}
    for name, service in kept.items():
        assert any(volume.split(":")[0] in COMPOSE["volumes"] for volume in service["volumes"]), name


def test_only_the_proxy_and_smtp_are_reachable_from_outside() -> None:
    assert {name: one["ports"] for name, one in SERVICES.items() if "ports" in one} == {
        "proxy": ["80:80", "443:443", "443:443/udp"],
        "smtp": ["25:2525"],
    }
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert all(SERVICES[one]["networks"] == ["inside"] for one in ("postgres", "redis", "objects"))


def test_the_proxy_is_believed_and_meets_the_replicas_nowhere_else() -> None:
    trusted = networks(SERVICES["app-1"]["environment"]["AGENTPOST_TRUSTED_PROXIES"])
    subnet = COMPOSE["networks"]["edge"]["ipam"]["config"][0]["subnet"]
    assert trusted == (ipaddress.ip_network(subnet),)
    assert {name for name, one in SERVICES.items() if "edge" in one["networks"]} == {"proxy", "app-1", "app-2"}
    for replica in ("app-1", "app-2"):
        assert set(SERVICES["proxy"]["networks"]) & set(SERVICES[replica]["networks"]) == {"edge"}


def test_the_proxy_asks_both_replicas_whether_they_are_ready() -> None:
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert re.findall(r"reverse_proxy (.*) \{", text) == ["app-1:8025 app-2:8025"]
    assert "health_uri /readyz" in text
    assert re.findall(r"@inside path (.*)", text) == ["/metrics /readyz /healthz"]


def test_our_containers_can_change_nothing_but_their_data() -> None:
    for name, service in OURS.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_the_bucket_is_made_once(endpoint: str) -> None:
    bucket = SERVICES["bucket"]
    assert bucket["entrypoint"] == ["python", "-c"]
    (program,) = bucket["command"]
    environ = {"AGENTPOST_S3_ENDPOINT": endpoint, "AWS_ACCESS_KEY_ID": "agentpost", "AWS_SECRET_ACCESS_KEY": "secret"}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", program], env=environ, timeout=60, check=True)
    listed = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **KEYS).list_buckets()["Buckets"]
    assert [one["Name"] for one in listed].count("agentpost") == 1


async def test_keys_in_amazons_own_variables_open_the_bucket_and_sign_no_links(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket has no address that a client could follow: the server hands attachments out itself."""
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **KEYS).create_bucket(Bucket="links")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "agentpost")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    blobs = S3Blobs(S3Location(bucket="links", endpoint=endpoint, prefix="blobs"))
    key = "0190b3c2-0000-7000-8000-000000000001/202611/0190b3c2-0000-7000-8000-000000000002"
    await blobs.put(key, b"large")
    assert await blobs.get(key) == b"large"
    assert await blobs.download_url(key, seconds=60, filename="a.pdf", media_type="application/pdf") is None
