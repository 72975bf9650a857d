"""Canaries: planted strings leave in no field, in no file, and in no dress."""

import base64
import gzip
import html
import io
import quopri
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from agentpost_server.policies.canaries import look_through, texts_of_file
from agentpost_server.policies.facts import Text
from harness import Tenant
from outbound.sending import inbox, send
from policies.asking import Json, policy

CANARY = "blue-heron-4711-zq"
_ID = UUID(int=1)


def zipped(text: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", f"<w:t>{text[:7]}</w:t><w:t>{text[7:]}</w:t>")
    return made.getvalue()


DRESSES: dict[str, Callable[[str], str]] = {
    "plain": lambda text: f"Here: {text}.",
    "upper": str.upper,
    "spaced": " ".join,
    "dotted": ".".join,
    "zero width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "tags": "<b></b>".join,
    "comment": lambda text: f"<!-- {text} -->",
    "entities": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "hex entities": lambda text: "".join(f"&#x{ord(one):x};" for one in text),
    "escaped twice": lambda text: html.escape("".join(f"&#{ord(one)};" for one in text)),
    "percent": lambda text: "https://x.example/?q=" + urllib.parse.quote(text),
    "every percent": lambda text: "".join(f"%{ord(one):02x}" for one in text),
    "base64": lambda text: base64.b64encode(f"the word is {text}".encode()).decode(),
    "base64 over lines": lambda text: base64.encodebytes(("padding " * 20 + text).encode()).decode(),
    "base64 of URLs": lambda text: base64.urlsafe_b64encode(f"??>>{text}".encode()).decode().rstrip("="),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "quoted printable": lambda text: quopri.encodestring("".join(f"={ord(one):02X}" for one in text).encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "reversed": lambda text: text[::-1],
    "rot13": lambda text: text.translate(str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")),
    "full width": lambda text: "".join(chr(ord(one) + 0xFEE0) if one.isalnum() else one for one in text),
    "Cyrillic": lambda text: text.replace("e", "е").replace("o", "о"),
    "accents": lambda text: "".join(f"{one}\u0301" for one in text),
}  # fmt: skip


@pytest.mark.parametrize("dress", DRESSES)
def test_a_canary_is_known_in_every_dress(dress: str) -> None:
    worn = DRESSES[dress](CANARY)
    found = look_through([(_ID, CANARY)], [Text("subject", "fine"), Text("text_body", worn)])
    assert found is not None, worn
    assert "text_body" in found.message
    assert CANARY not in found.message


def test_one_that_is_spread_over_fields_is_known() -> None:
    halves = [Text("subject", CANARY[:9]), Text("text_body", CANARY[9:])]
    assert look_through([(_ID, CANARY)], halves) is not None
    assert look_through([(_ID, CANARY)], [halves[0]]) is None


@pytest.mark.parametrize(
    "content",
    [
        CANARY.encode(), CANARY.encode("utf-16"), zipped(CANARY), base64.b64encode(CANARY.encode()),
        gzip.compress(CANARY.encode()),
        b"%PDF-1.4\n1 0 obj\nstream\r\n" + zlib.compress(f"BT ({CANARY}) Tj ET".encode()) + b"\nendstream",
    ],
    ids=["text", "utf-16", "docx", "base64", "gzip", "pdf"],
)  # fmt: skip
def test_a_file_is_read_for_it(content: bytes) -> None:
    assert look_through([(_ID, CANARY)], texts_of_file("attachments[0]", "a.bin", content)) is not None
    assert look_through([(_ID, "another-canary")], texts_of_file("attachments[0]", "a.bin", content)) is None


def test_its_name_may_be_a_files_name() -> None:
    assert look_through([(_ID, CANARY)], texts_of_file("attachments[0]", f"{CANARY}.txt", b"")) is not None


_SENDS: list[Json] = [
    {"subject": CANARY},
    {"text_body": f"It is {CANARY}"},
    {"html_body": f"<p>{CANARY}</p>"},
    {"headers": {"X-Ticket": CANARY}},
    {"to": [{"email": "a@b.example", "name": CANARY}]},
    {"to": [f"{CANARY}@b.example"]},
    {"cc": [f"x@{CANARY}.example"]},
    {"reply_to": [{"email": "a@b.example", "name": CANARY}]},
    {"attachments": [{"content": "aGk=", "filename": f"{CANARY}.txt"}]},
    {"attachments": [{"content": base64.b64encode(CANARY.encode()).decode(), "filename": "a.txt"}]},
    {"attachments": [{"content": base64.b64encode(zipped(CANARY)).decode(), "filename": "a.docx"}]},
    {"attachments": [{"url": f"https://x.example/{CANARY}"}]},
    {"attachments": [{"content": "aGk=", "filename": "a", "mime_type": f"text/x-{CANARY}"}]},
    {"attachments": [{"content": "aGk=", "filename": "a", "inline": True, "content_id": CANARY}]},
    {"in_reply_to": f"<{CANARY}@x.example>"},
]


@pytest.mark.parametrize("body", _SENDS, ids=[f"{n}-{next(iter(body))}" for n, body in enumerate(_SENDS)])
async def test_no_field_lets_it_out(tenant: Tenant, body: dict[str, Any]) -> None:
    agent = await inbox(tenant.http)
    made = await policy(tenant.http, "flow", {"canaries": [CANARY]}, scope="organization")
    whole = {"to": ["a@b.example"], "subject": "s", "text_body": "t", **body}
    answer = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json=whole)
    assert (answer.status_code, answer.json()["code"]) == (403, "policy_rejected"), answer.text
    assert CANARY not in answer.text
    assert (await tenant.http.get("/messages")).json()["data"] == []
    assert (await tenant.http.patch(f"/policies/{made['id']}", json={"enabled": False})).status_code == 200
    if "url" not in str(body):
        await send(tenant.http, agent["id"], **whole)


async def test_what_a_forward_quotes_is_looked_through_too(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    kept = await send(tenant.http, agent["id"], to=["a@b.example"], text_body=f"Our secret: {CANARY}")
    await policy(tenant.http, "flow", {"canaries": [CANARY]})
    forward = await tenant.http.post(f"/messages/{kept['id']}/forward", json={"to": ["x@b.example"]})
    assert (forward.status_code, forward.json()["code"]) == (403, "policy_rejected"), forward.text


async def test_what_an_upload_says_of_itself_is_looked_at(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "flow", {"canaries": [CANARY]})
    for said in ({"mime_type": f"text/x-{CANARY}"}, {"filename": f"{CANARY}.txt"}):
        upload = {"filename": "a.txt", "mime_type": "text/plain", "size": 2, **said}
        made = (await tenant.http.post("/attachments/upload-url", json=upload)).json()
        put = await tenant.http.put(made["upload_url"], content=b"hi", headers=made["headers"])
        assert put.status_code < 300, put.text
        body = {"to": ["a@b.example"], "subject": "s", "attachments": [{"key": made["key"]}]}
        answer = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "policy_rejected"), said


async def test_the_name_of_the_inbox_is_looked_at(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await policy(tenant.http, "flow", {"canaries": [CANARY]})
    await tenant.http.patch(f"/inboxes/{agent['id']}", json={"display_name": CANARY})
    answer = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json={"to": ["a@b.example"], "subject": "s"})
    assert (answer.status_code, answer.json()["code"]) == (403, "policy_rejected")
