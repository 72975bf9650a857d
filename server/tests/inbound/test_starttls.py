"""STARTTLS as an operator switches it on: two settings, two files."""

import asyncio
import smtplib
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from agentpost_server.core import ids
from agentpost_server.settings import SettingsError
from harness import new_tenant, running_server
from inbound.mailing import mail, new_inbox


@pytest.fixture
def files(tmp_path: Path) -> tuple[trustme.CA, dict[str, Any]]:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    return authority, {"smtp_tls_certificate": str(certificate), "smtp_tls_key": str(key)}


def _over_tls(port: int, client: ssl.SSLContext, recipient: str) -> str | None:
    with smtplib.SMTP("localhost", port, timeout=10) as out:
        out.starttls(context=client)
        assert out.sock is not None
        out.sendmail("ann@example.com", [recipient], mail())
        return out.sock.version()  # type: ignore[union-attr]


async def test_s20_mail_comes_over_tls_and_its_envelope_says_so(
    own_database: str, files: tuple[trustme.CA, dict[str, Any]]
) -> None:
    authority, settings = files
    client = ssl.create_default_context()
    authority.configure_trust(client)
    async with running_server(own_database, **settings) as server, new_tenant(server) as tenant:
        inbox = await new_inbox(tenant)
        assert await asyncio.to_thread(_over_tls, server.smtp_port, client, inbox.email) in ("TLSv1.2", "TLSv1.3")
        [row] = await inbox.messages()
        raw = (await tenant.http.get(f"/messages/{ids.encode('msg', row['id'])}/raw")).text
    assert '"tls": true' in row["envelope"]
    assert " with ESMTPS " in raw.partition("\r\n\r\n")[0].replace("\r\n", " ").replace("\t", " ")


@pytest.mark.parametrize("wrong", ["half", "no file", "not a key"])
async def test_a_wrong_certificate_stops_the_start_and_is_named(
    own_database: str,
    tmp_path: Path,
    files: tuple[trustme.CA, dict[str, Any]],
    wrong: str,
) -> None:
    _, settings = files
    given: dict[str, Any] = {
        "half": {**settings, "smtp_tls_key": ""},
        "no file": {**settings, "smtp_tls_certificate": str(tmp_path / "none.pem")},
        "not a key": {**settings, "smtp_tls_key": settings["smtp_tls_certificate"]},
    }[wrong]
    with pytest.raises(SettingsError, match="AGENTPOST_SMTP_TLS_CERTIFICATE"):
        async with running_server(own_database, **given):
            pass
