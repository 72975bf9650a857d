"""`doctor` as an operator runs it: beside `up`, on a whole installation of their own, and when everything is wrong."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
import trustme

from agentpost_server.cli.doctor.clock import clock
from agentpost_server.cli.doctor.http_get import note_clock
from agentpost_server.cli.doctor.model import Finding, examine
from agentpost_server.cli.doctor.show import as_text
from agentpost_server.core.times import now
from agentpost_server.domains.keys import make_key
from agentpost_server.mail.dkim_sign import load_key, public_record
from databases import new_database
from dns_server import name_server
from harness import KEYRING, data_folder, running_server
from program.doctoring import SECRET, by_name, examined, installation, told
from program.running import command, up

EVERYTHING = {
    "SECRET_KEY": SECRET,
    "DATABASE_URL": "postgresql://admin:hush-database@127.0.0.1:1/none",
    "PUBLIC_URL": "http://mail.example:1",
    "SHARED_DOMAIN": "mail.example",
    "DNS_SERVERS": "127.0.0.1:1",
    "TRUSTED_PROXIES": "0.0.0.0/0",
    "SMTP_TLS_CERTIFICATE": "/nonexistent/chain.pem",
    "SMTP_TLS_KEY": "/nonexistent/key.pem",
    "BLOB_URL": "s3://nothing",
    "S3_ENDPOINT": "http://127.0.0.1:1",
    "S3_ACCESS_KEY_ID": "AKID",
    "S3_SECRET_ACCESS_KEY": "hush-bucket",
    "RELAY_URL": "smtp://user:hush-relay@127.0.0.1:1",
    "RELAY_TLS": "none",
    "DIRECT": "true",
    "SES_REGION": "eu-west-1",
    "SES_ENDPOINT": "http://127.0.0.1:1",
    "SES_ACCESS_KEY_ID": "AKID",
    "SES_SECRET_ACCESS_KEY": "hush-amazon",
    "SES_QUEUE_URL": "http://127.0.0.1:1/queue",
    "SES_INBOUND_BUCKET": "s3://mail-in/in",
    "SENDGRID_API_KEY": "hush-sendgrid",
    "SENDGRID_ENDPOINT": "http://127.0.0.1:1",
    "POSTMARK_SERVER_TOKEN": "hush-postmark",
    "POSTMARK_ENDPOINT": "http://127.0.0.1:1",
    "MAILGUN_API_KEY": "hush-mailgun",
    "MAILGUN_ENDPOINT": "http://127.0.0.1:1",
    "REDIS_URL": "redis://:hush-redis@127.0.0.1:1/0",
    "RSPAMD_URL": "http://127.0.0.1:1",
    "SPAM_DNSBL": "bl.example",
    "HTTP_PORT": "1",
    "SMTP_PORT": "1",
}


async def test_beside_up_everything_is_in_order_and_what_is_not_checked_is_said(tmp_path: Path) -> None:
    data = tmp_path / "data"
    code, out, _ = await command("doctor", "--json", "--data", str(data))
    assert (code, json.loads(out)["status"]) == (0, "warning"), out
    assert not data.exists(), "the doctor makes nothing"
    async with up(data) as program:
        code, out, _ = await command("doctor", "--json", "--data", str(data))
        report = json.loads(out)
        assert (code, report["status"], report["counts"]["failed"]) == (0, "ok", 0), out
        checks = {one["name"]: one for one in report["checks"]}
        for name in ("secret-key", "disk", "blobs", "http", "smtp", "database", "database-durability", "migrations"):
            assert checks[name]["status"] == "ok", checks[name]
        assert f":{program.smtp_port} greets as agentpost.test" in checks["smtp"]["found"]
        for name in ("shared-domain", "smtp-certificate", "not-configured", "from-outside"):
            assert checks[name]["status"] == "not_checked", checks[name]
        code, out, _ = await command("doctor", "--data", str(data))
        assert (code, "\033" in out, " 0 failed" in out) == (0, False, True), out
        starts = {line.index(" ok ") for line in out.splitlines() if line.startswith("  ok ")}
        assert len(starts) == 1, "words stand below each other"
        assert str(SECRET) not in out
        assert (data / "secret_key").read_text().strip() not in out


async def test_a_wrong_setting_is_the_one_failure(tmp_path: Path) -> None:
    code, out, _ = await command("doctor", "--json", "--data", str(tmp_path), AGENTPOST_LOG_LEVEL="loud")
    checks = {one["name"]: one for one in json.loads(out)["checks"]}
    assert (code, sorted(checks)) == (1, ["everything else", "settings"])
    assert "AGENTPOST_LOG_LEVEL" in checks["settings"]["found"]


async def test_when_everything_is_wrong_each_says_so_with_what_to_do_and_no_secret(tmp_path: Path) -> None:
    given = {f"AGENTPOST_{name}": value for name, value in EVERYTHING.items()}
    code, out, err = await command("doctor", "--json", "--data", str(tmp_path), **given, AGENTPOST_SMTP_HOSTNAM="x")
    assert code == 1
    assert re.search("hush|" + SECRET, out + err) is None
    checks = by_name([Finding(**one) for one in json.loads(out)["checks"]])
    for name in (
        *("trusted-proxies", "smtp-certificate", "name-servers", "database", "blobs", "relay", "ses", "ses-queue"),
        *("ses-bucket", "sendgrid", "postmark", "mailgun", "redis", "rspamd", "dnsbl:bl.example", "public-url-reached"),
    ):
        assert checks[name].status == "failed", checks[name]
    told(checks["settings"], "warning", "AGENTPOST_SMTP_HOSTNAM", "no setting")
    told(checks["public-url"], "warning", "unencrypted", "proxy with TLS")
    told(checks["http"], "warning", "Nothing answers")
    told(checks["smtp"], "warning", "No SMTP server answers")
    told(checks["port-25-out"], "not_checked", "no stranger is called", "--send-probe")
    told(checks["domains"], "not_checked", "Put the database in order first")


async def test_a_whole_installation_in_order_has_no_warning(postgres: str, tmp_path: Path) -> None:
    host, address = "mx.mail.example", "192.0.2.10"
    key = await make_key(KEYRING, now())
    pem = KEYRING.unseal("dkim", key.private_key)
    (tmp_path / "dkim.pem").write_bytes(pem)
    issued = trustme.CA().issue_cert(host)
    issued.cert_chain_pems[0].write_to_path(tmp_path / "chain.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    async with name_server() as names:
        names.zone |= {
            ("mail.example", "MX"): [f"10 {host}."],
            (host, "A"): [address],
            ("10.2.0.192.in-addr.arpa", "PTR"): [f"{host}."],
        }
        names.txt("mail.example", f"v=spf1 a:{host} -all")
        names.txt("_dmarc.mail.example", "v=DMARC1; p=reject")
        names.txt("s1._domainkey.mail.example", public_record(load_key(pem)))
        given: dict[str, Any] = {
            "dns_servers": names.address,
            "shared_domain": "mail.example",
            "smtp_hostname": host,
            "smtp_tls_certificate": tmp_path / "chain.pem",
            "smtp_tls_key": tmp_path / "key.pem",
            "dkim_selector": "s1",
            "dkim_key_file": tmp_path / "dkim.pem",
            "direct": True,
        }
        url = await new_database(postgres, "doctor")
        texts: dict[str, Any] = {name: value if value is True else str(value) for name, value in given.items()}
        async with running_server(url, **texts) as server:
            found = await examined(
                data_folder(url),
                database_url=url,
                secret_key=SECRET,
                public_url=server.url,
                http_port=server.url.rpartition(":")[2],
                smtp_port=server.smtp_port,
                **given,
            )
    assert {one.name: one.found for one in found.values() if one.status in ("warning", "failed")} == {}
    for name in (
        *("shared-domain-mx", "shared-domain-spf", "shared-domain-dkim", "shared-domain-dmarc", "mail-host"),
        *("reverse-dns", "smtp", "smtp-starttls", "smtp-certificate", "database-roles", "domains", "clock"),
    ):
        assert found[name].status == "ok", found[name]
    # Nothing in the zone was looked for elsewhere than at this name server.
    assert ("mail.example", "MX") in names.asked


async def test_a_check_that_breaks_is_a_finding() -> None:
    async def hangs() -> list[Finding]:
        await asyncio.Event().wait()
        return []

    async def breaks() -> list[Finding]:
        raise KeyError("boo")

    told((await examine("x", hangs, seconds=0.05))[0], "failed", "no answer within 0.05 seconds")
    told((await examine("x", breaks))[0], "failed", "KeyError")


@pytest.mark.parametrize(
    ("ahead", "status", "words"),
    [
        (0.4, "ok", "agrees with"),
        (-20, "warning", "20 seconds ahead of the database"),
        (90, "failed", "90 seconds behind"),
    ],
)
def test_the_clock_is_compared_with_those_that_were_met(tmp_path: Path, ahead: float, status: str, words: str) -> None:
    one = installation(tmp_path)
    told(clock(one), "not_checked", "No other clock", "NTP")
    one.clocks.update({"Amazon": 0.0, "the database": ahead})
    told(clock(one), status, words)


def test_a_date_out_of_a_cache_is_no_clock() -> None:
    clocks: dict[str, float] = {}
    began = 1_700_000_000.0
    note_clock(clocks, "cached", {"date": "Tue, 14 Nov 2023 22:13:20 GMT", "age": "3"}, began)
    note_clock(clocks, "nonsense", {"date": "yesterday"}, began)
    assert clocks == {}
    note_clock(clocks, "old", {"date": "Tue, 14 Nov 2023 22:13:20 GMT"}, began)
    assert clocks["old"] < -1000


def test_colours_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Finding(name="x", status="failed", found="Long words " * 30, fix="Do this.")
    assert "\033" not in as_text([one])
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    text = as_text([one])
    assert "\033[31mFAILED" in text
    assert max(len(line) for line in text.replace("\033[31m", "").replace("\033[0m", "").splitlines()) <= 80
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in as_text([one])
