"""A report as receivers write them."""

import gzip
import io
import zipfile
from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    source_ip: str = "192.0.2.1"
    mails: int = 2
    disposition: str = "none"
    dkim: str = "pass"
    spf: str = "fail"
    header_from: str = "mail.example"


def xml(
    *rows: Row,
    report_id: str = "1",
    org_name: str = "receiver.example",
    begin: int = 1_767_225_600,
    domain: str = "mail.example",
) -> bytes:
    records = "".join(
        f"""<record><row><source_ip>{row.source_ip}</source_ip><count>{row.mails}</count><policy_evaluated>
        <disposition>{row.disposition}</disposition><dkim>{row.dkim}</dkim><spf>{row.spf}</spf></policy_evaluated></row>
        <identifiers><header_from>{row.header_from}</header_from></identifiers>
        <auth_results><dkim><domain>other.example</domain><result>pass</result></dkim></auth_results></record>"""
        for row in rows
    )
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
<feedback><version>1.0</version><report_metadata><org_name>{org_name}</org_name><email>dmarc@{org_name}</email>
<report_id>{report_id}</report_id><date_range><begin>{begin}</begin><end>{begin + 86399}</end></date_range>
</report_metadata><policy_published><domain>{domain}</domain><adkim>r</adkim><p>quarantine</p><sp>none</sp><pct>100</pct>
</policy_published>{records}</feedback>""".encode()


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def mail(to: str, content: bytes, *, kind: str = "application/gzip", name: str = "r.xml.gz", sender: str = "") -> bytes:
    """The mail that carries it, its file base64."""
    import base64

    body = base64.encodebytes(content).replace(b"\n", b"\r\n")
    head = [
        f"From: {sender or 'dmarc@receiver.example'}",
        f"To: {to}",
        "Subject: Report Domain: mail.example",
        "Message-ID: <report@receiver.example>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "This is an aggregate report.",
        "--b",
        f"Content-Type: {kind}",
        f'Content-Disposition: attachment; filename="{name}"',
        "Content-Transfer-Encoding: base64",
        "",
        "",
    ]
    return "\r\n".join(head).encode() + body + b"--b--\r\n"


def packings(content: bytes) -> Sequence[bytes]:
    return (
        content,
        gzip.compress(content),
        zipped(("r.xml", content)),
        zipped(("r.xml", content), method=zipfile.ZIP_STORED),
    )
