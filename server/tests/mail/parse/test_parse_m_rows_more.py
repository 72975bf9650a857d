"""The M rows of the bad-input list from M-20 on, and S-42 in its raw shapes: headers, containers, charsets."""

import time

import pytest

from mail.parse.mails import checked, mail, multipart
from pace import here

FROM = "From: a@b.example"
# A bound against hanging, not a measurement: what is asked for is a tenth of it.
SECONDS = 3.0


def nested(depth: int) -> bytes:
    opened = "".join(f"--b{n}\r\nContent-Type: multipart/mixed; boundary=b{n + 1}\r\n\r\n" for n in range(depth))
    return mail(FROM, "Content-Type: multipart/mixed; boundary=b0", body=opened + f"--b{depth}\r\n\r\ndeep\r\n")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Message-ID: <>", None),
        ("X-Nothing: 1", None),
        ("Message-ID: <" + "x" * 10_000 + "@y>", None),
        ("Message-ID: <a b@c>", None),
        ("Message-ID:", None),
        ("Message-ID: a@b", "<a@b>"),
        ("Message-ID: <a@b> (comment)", "<a@b>"),
        ("Message-ID: <no-at-sign>", "<no-at-sign>"),
    ],
)
def test_m20_message_ids(field: str, expected: str | None) -> None:
    parsed = checked(mail(FROM, field))
    assert parsed.message_id == expected
    assert any(name == field.partition(":")[0] for name, _ in parsed.headers)


def test_m21_only_the_last_fifty_references_count() -> None:
    ids = [f"<{n}.{'x' * 90}@e.example>" for n in range(1_000)]
    parsed = checked(mail(FROM, "In-Reply-To: " + " ".join(ids), "References: " + "\r\n ".join([*ids, ids[0]])))
    assert parsed.references == tuple(ids[-50:])
    assert parsed.in_reply_to == tuple(ids[-50:])
    assert "id_limit" in parsed.defects
    cycle = checked(mail("Message-ID: <a@b>", "References: <a@b> <c@d> <a@b>", "In-Reply-To: <a@b>"))
    assert cycle.references == ("<a@b>", "<c@d>")


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 2 Nov 99999 10:00:00 +0000",
        "Mon, 2 Nov 2026 10:00:00 +9999",
        "100000000000000000000",
        "Mon, 31 Feb 2026 10:00:00 +0000",
        "Mon, 2 Nov 0001 10:00:00 +0000",
        "Mon, 2 Nov 2026 25:00:00 +0000",
        "",
        "now",
        "1" * 100_000,
    ],
)
def test_m22_dates_that_cannot_be(date: str) -> None:
    parsed = checked(mail(FROM, f"Date: {date}"))
    assert parsed.date is None
    assert "bad_date" in parsed.defects
    assert checked(mail(FROM)).date is None


def test_m23_header_names_stay_a_list_of_pairs() -> None:
    names = ["__proto__", "constructor", "", "with space", "x" * 1_000, "Ünïcode"]
    parsed = checked(mail(FROM, *[f"{name}: value" for name in names]))
    assert [name for name, _ in parsed.headers[1:]] == [name[:998] for name in names]
    assert [value for _, value in parsed.headers[1:]] == ["value"] * 6
    assert "bad_header_name" in parsed.defects


@pytest.mark.parametrize(
    ("raw", "text", "defect"),
    [
        (b"", None, "empty"),
        (b"\r\n\r\n", None, "empty"),
        (b"From: a@b.example\r\nno colon\r\nSubject: s\r\n\r\nhi", "hi", "bad_header_line"),
        (b"From a@b Mon Nov  2 10:00:00 2026\r\nFrom: a@b.example\r\n\r\nhi", "hi", "mbox_from"),
        (b"From: a@b.example\r\nhi there\r\nmore: text\r\n", "hi there\nmore: text\n", "no_blank_line"),
        (b"From: a@b.example\r\nSubject: s\r\n", None, None),
        (b"\r\njust a body", "just a body", "no_headers"),
        (b" leading space\r\nFrom: a@b.example\r\n\r\nhi", "hi", "bad_header_line"),
        (b"From: a@b.example\n\nhi\n", "hi\n", "bare_lf"),
    ],
)
def test_m24_broken_shapes(raw: bytes, text: str | None, defect: str | None) -> None:
    parsed = checked(raw)
    assert (parsed.text_body or "").strip("\n") == (text or "").strip("\n")
    if defect:
        assert defect in parsed.defects
        assert parsed.parse_status == "defective"
    if b"From:" in raw:
        assert parsed.from_address is not None


def test_m25_a_header_line_of_ten_megabytes() -> None:
    started = time.process_time()
    parsed = checked(mail(FROM, b"X-Long: " + b"x" * (10 << 20), body="still here"))
    assert time.process_time() - started < here(SECONDS)
    assert parsed.text_body == "still here"
    assert len(dict(parsed.headers)["X-Long"]) == 64 << 10
    assert parsed.parse_status == "limited"


def test_m25_a_hundred_thousand_received() -> None:
    started = time.process_time()
    parsed = checked(mail(FROM, *["Received: by x; Mon, 2 Nov 2026 10:00:00 +0000"] * 100_000))
    assert time.process_time() - started < here(SECONDS)
    assert len(parsed.headers) == 2_000
    assert parsed.from_address is not None
    assert parsed.parse_status == "limited"


def test_m26_bare_cr_is_no_line_end() -> None:
    parsed = checked(b"From: a@b.example\rBcc: c@d.example\r\nSubject: s\r\n\r\none\rtwo\r\n")
    assert [name for name, _ in parsed.headers] == ["From", "Subject"]
    assert parsed.text_body == "one\rtwo\n"
    assert "bare_cr" in parsed.defects


def test_m31_special_containers_are_files() -> None:
    parts = {
        "application/ms-tnef; name=winmail.dat": "winmail.dat",
        "application/pkcs7-mime; name=smime.p7m": "smime.p7m",
        "application/pgp-signature; name=signature.asc": "signature.asc",
        "application/applefile; name=._x": "_x",
    }
    parsed = checked(multipart("b", "\nhi\n", *[f"Content-Type: {kind}\n\nxx\n" for kind in parts]))
    assert [file.filename for file in parsed.attachments] == list(parts.values())
    assert parsed.attachments[1].flags == ("encrypted",)
    assert parsed.text_body == "hi\n"


def test_m31_pgp_mime_is_flagged_encrypted() -> None:
    parsed = checked(
        multipart(
            "b",
            "Content-Type: application/pgp-encrypted\n\nVersion: 1\n",
            "Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n",
            subtype="encrypted",
        )
    )
    assert all("encrypted" in file.flags for file in parsed.attachments)
    assert parsed.text_body is None


def test_m32_a_calendar_is_not_expanded() -> None:
    events = b"BEGIN:VEVENT\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\n" * 50_000
    part = b"Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n" + events
    parsed = checked(multipart("b", "Content-Type: text/plain\n\ncome\n", part, subtype="alternative"))
    assert parsed.text_body == "come\n"
    assert parsed.attachments[0].filename == "attachment-1.ics"
    assert parsed.attachments[0].size == len(events)


def test_m34_content_ids_are_unique() -> None:
    part = "Content-Type: image/png\nContent-ID: <same>\nContent-Disposition: inline\n\nx\n"
    parsed = checked(multipart("b", part, part, "Content-Type: image/png\nContent-ID: <a b>\n\nx\n", subtype="related"))
    assert [file.content_id for file in parsed.attachments] == ["same", None, None]
    assert "duplicate_content_id" in parsed.defects


@pytest.mark.parametrize(
    "kind",
    ['message/external-body; access-type=URL; URL="http://127.0.0.1/"', "message/partial; id=x; number=1; total=2"],
)
def test_m35_external_and_partial_are_files(kind: str) -> None:
    parsed = checked(mail(FROM, f"Content-Type: {kind}", body="Content-Type: text/plain\r\n\r\nx"))
    assert parsed.attachments[0].mime_type == kind.partition(";")[0]
    assert parsed.attachments[0].content.endswith(b"x")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Müller".encode("latin-1"), "Müller"),
        ("Müller".encode(), "Müller"),
        ("Привет мир".encode("koi8-r"), "Привет мир"),
        ("Привет мир".encode("windows-1251"), "Привет мир"),
    ],
)
def test_m39_eight_bit_headers_and_bodies(raw: bytes, expected: str) -> None:
    parsed = checked(mail(FROM, b"Subject: " + raw, b"To: " + raw + b" <c@d.example>", body=raw))
    assert parsed.subject == expected
    assert parsed.to[0].name == expected
    assert parsed.text_body == expected
    assert "eight_bit_header" in parsed.defects


def test_m39_the_declared_charset_helps_the_headers() -> None:
    raw = mail(FROM, b"Subject: " + "日本".encode("cp932"), "Content-Type: text/plain; charset=shift_jis")
    assert checked(raw).subject == "日本"


@pytest.mark.parametrize(
    ("raw_body", "text"),
    [(b"..\r\n", "..\n"), (b"." + b"x" * 998 + b"\r\n", "." + "x" * 998 + "\n"), (b"last line", "last line")],
)
def test_s42_raw_shapes_are_kept(raw_body: bytes, text: str) -> None:
    assert checked(mail(FROM, body=raw_body)).text_body == text


def test_a_body_past_its_bound_is_cut_and_flagged() -> None:
    parsed = checked(mail(FROM, body=b"x" * ((1 << 20) + 1)))
    assert parsed.text_body == "x" * (1 << 20)
    assert parsed.flags == ("oversize",)
    assert parsed.parse_status == "limited"


def test_encoded_words_cannot_smuggle_line_ends() -> None:
    raw = mail("From: =?utf-8?q?a=0D=0ABcc=3A_x?= <a@b.example>", "Subject: =?utf-8?q?a=0D=0Ab=00?=")
    parsed = checked(raw)
    assert parsed.subject == "a b\ufffd"
    assert parsed.from_address is not None
    assert parsed.from_address.name == "a Bcc: x"


def test_m36_where_a_part_says_it_comes_from_means_nothing() -> None:
    page = '<base href="https://evil.example/"><img src="cid:logo"><img src="logo.png">'
    related = multipart(
        "b",
        f"Content-Type: text/html\nContent-Location: https://evil.example/page\n\n{page}",
        "Content-Type: image/png\nContent-Location: file:///etc/passwd\nContent-ID: <logo>\n\nx",
        subtype="related",
    )
    parsed = checked(related)
    assert parsed.html_body is not None
    assert parsed.html_body.strip() == page
    [file] = parsed.attachments
    assert (file.content_id, "passwd" in file.filename, "evil" in file.filename) == ("logo", False, False)
