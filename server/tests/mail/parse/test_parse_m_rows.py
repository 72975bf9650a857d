"""The M rows of the bad-input list up to M-16: structure and encodings. Each is read, and nothing escapes."""

import base64
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


@pytest.mark.parametrize("depth", [51, 1_000, 20_000])
def test_m01_multipart_nesting(depth: int) -> None:
    parsed = checked(nested(depth))
    assert parsed.parse_status == "limited"
    assert "depth_limit" in parsed.defects
    assert len(parsed.attachments) == 1


def test_m01_nesting_within_the_bound_is_read() -> None:
    parsed = checked(nested(40))
    assert parsed.text_body == "deep\n"
    assert parsed.parse_status == "defective"


def test_m01_ten_thousand_parts() -> None:
    parsed = checked(multipart("b", *["Content-Type: image/x\n\nx\n"] * 10_000))
    assert parsed.parse_status == "limited"
    assert len(parsed.attachments) == 1_000


def test_m02_mails_in_mails_are_one_file() -> None:
    inner = b"Content-Type: message/rfc822\r\n\r\n" * 2_000 + b"From: x@y.example\r\n\r\nhi\r\n"
    parsed = checked(mail(FROM, "Content-Type: message/rfc822", body=inner))
    (file,) = parsed.attachments
    assert file.filename == "attachment-1.eml"
    assert file.mime_type == "message/rfc822"
    assert file.content == inner
    assert parsed.text_body is None


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed",
        'multipart/mixed; boundary=""',
        "multipart/mixed; boundary=" + "x" * 10_000,
        'multipart/mixed; boundary="a\r\n b"',
        "multipart/mixed; boundary=never",
    ],
)
def test_m04_boundary_that_is_no_help(content_type: str) -> None:
    raw = mail(FROM, f"Content-Type: {content_type}", body="--real\r\nno part\r\n")
    parsed = checked(raw)
    assert parsed.text_body == "--real\nno part\n"
    assert "bad_boundary" in parsed.defects


def test_m04_undeclared_boundary_is_found() -> None:
    body = "--real\r\nContent-Type: text/plain\r\n\r\nfound\r\n--real--\r\n"
    parsed = checked(mail(FROM, "Content-Type: multipart/mixed", body=body))
    assert parsed.text_body == "found"
    assert parsed.parse_status == "defective"


def test_m04_boundary_that_is_the_prefix_of_another() -> None:
    raw = multipart("ab", "Content-Type: multipart/mixed; boundary=abc\n\n--abc\n\ninner\n--abc--\n", "\nouter\n")
    assert checked(raw).text_body == "inner\n\nouter\n"


def test_m04_boundary_only_in_the_preamble() -> None:
    raw = mail(FROM, "Content-Type: multipart/mixed; boundary=b", body="text b --b inside\r\n--b--\r\n")
    assert checked(raw).text_body == "text b --b inside\n--b--\n"


def test_m04_unclosed_boundary() -> None:
    parsed = checked(multipart("b", "\none\n", "\ntwo\n", close=False))
    assert parsed.text_body == "one\n\n\ntwo\n"
    assert "no_close_boundary" in parsed.defects


def test_m04_delimiters_that_only_look_like_it_are_bounded() -> None:
    raw = mail(FROM, "Content-Type: multipart/mixed; boundary=b", body="--bx\r\n" * 400_000)
    started = time.process_time()
    assert "delimiter_limit" in checked(raw).defects
    assert time.process_time() - started < here(SECONDS)


@pytest.mark.parametrize("filler", [";", '"', "(", ";a=", '; a="', "a=b;", "\\", "=", " ;", ";x*0*=", "'"])
def test_m05_content_type_of_a_megabyte(filler: str) -> None:
    started = time.process_time()
    parsed = checked(mail(FROM, "Content-Type: " + filler * ((1 << 20) // len(filler))))
    assert time.process_time() - started < here(SECONDS)
    (file,) = parsed.attachments
    assert file.mime_type == "application/octet-stream"
    assert parsed.parse_status == "limited"


def test_m06_fifty_thousand_continuations() -> None:
    value = "; ".join(f"filename*{n}=a" for n in range(50_000))
    parsed = checked(multipart("b", f"Content-Type: image/png\nContent-Disposition: attachment; {value}\n\nx\n"))
    assert parsed.parse_status == "limited"
    assert parsed.attachments[0].filename == "a" * 100


def test_m06_gaps_and_mixed_sections() -> None:
    def filename(parameters: str) -> str:
        raw = multipart("b", f"Content-Type: image/x\nContent-Disposition: attachment; {parameters}\n\nx\n")
        return checked(raw).attachments[0].filename

    assert filename("filename*0=a; filename*2=c") == "a"
    assert filename("filename*1=b; filename*0=a") == "ab"
    assert filename("filename*0*=utf-8''%C3%A9; filename*0=x; filename*1=.txt") == "é.txt"
    assert filename("filename*0*=utf-8''%C3; filename*1*=%A9.txt") == "é.txt"
    assert filename("filename*=punycode''a%C3%A9") == "aé"
    assert filename("filename*=" + "x" * 3_000 + "''a.txt") == "a.txt"


def test_m09_filename_cannot_carry_a_header() -> None:
    name = base64.b64encode(b"a.txt\r\nSet-Cookie: x=1").decode()
    for value in (f'"=?utf-8?b?{name}?="', "a.txt%0D%0ASet-Cookie: x=1"):
        prefix = "filename*=utf-8''" if "%" in value else "filename="
        raw = multipart("b", f"Content-Type: image/x\nContent-Disposition: attachment; {prefix}{value}\n\nx\n")
        filename = checked(raw).attachments[0].filename
        assert filename.isprintable()
        assert "Cookie_" in filename


def test_m10_the_first_of_two_fields_wins() -> None:
    part = (
        "Content-Type: image/a\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n"
        "Content-Transfer-Encoding: 7bit\nContent-Disposition: attachment; filename=a\n"
        "Content-Disposition: inline; filename=b\n\neA==\n"
    )
    parsed = checked(multipart("b", part))
    (file,) = parsed.attachments
    assert (file.declared_mime_type, file.content, file.filename, file.disposition) == (
        "image/a",
        b"x",
        "a",
        "attachment",
    )
    assert "duplicate_header" in parsed.defects


@pytest.mark.parametrize(
    ("encoding", "content"),
    [("x-uuencode", "begin 644 a\n"), ("base64 (really)", "aGk="), ("nonsense", "hi"), ('"base64"', "aGk=")],
)
def test_m11_odd_transfer_encodings(encoding: str, content: str) -> None:
    parsed = checked(mail(FROM, f"Content-Transfer-Encoding: {encoding}", body=content))
    assert parsed.text_body == ("hi" if "base64" in encoding else content)
    assert "bad_transfer_encoding" in parsed.defects


def test_m11_transfer_encoding_on_multipart_is_ignored() -> None:
    raw = multipart("b", "\nhi\n").replace(b"MIME-Version: 1.0", b"Content-Transfer-Encoding: base64")
    parsed = checked(raw)
    assert parsed.text_body == "hi\n"
    assert "bad_transfer_encoding" in parsed.defects


@pytest.mark.parametrize(
    ("content", "decoded", "sound"),
    [
        ("aGVsbG8=", "hello", True),
        ("aGVs bG8=\r\n", "hello", True),
        ("aG!Vs*bG8", "hello", False),
        ("aGU=bGxv", "hello", False),
        ("aGU==bGxv====", "hello", False),
        ("aGVsbG8=\r\n-- \r\nfooter", "hello", False),
        ("a", "", False),
        ("====", "", True),
    ],
)
def test_m12_broken_base64(content: str, decoded: str, sound: bool) -> None:
    parsed = checked(mail(FROM, "Content-Transfer-Encoding: base64", body=content))
    assert (parsed.text_body or "").startswith(decoded)
    assert ("bad_base64" not in parsed.defects) == sound


def test_m12_spaces_long_lines_and_padding_by_the_megabyte() -> None:
    started = time.process_time()
    spaces = checked(mail(FROM, "Content-Transfer-Encoding: base64", body=b"aGk=" + b" " * (5 << 20)))
    assert spaces.text_body == "hi"
    line = base64.b64encode(b"x" * (7 << 20))
    part = b"Content-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + line
    assert checked(multipart("b", part)).attachments[0].size == 7 << 20
    assert "base64_limit" in checked(mail(FROM, "Content-Transfer-Encoding: base64", body=b"aGk=" * 100_000)).defects
    assert time.process_time() - started < here(2 * SECONDS)


@pytest.mark.parametrize(
    ("content", "decoded"),
    [(b"a=0", "a"), (b"a=\rb", "a"), (b"a=3Db", "a=b"), (b"a=zzb", "a=zzb"), (b"a=\r\nb", "ab"), (b"=", "")],
)
def test_m13_broken_quoted_printable(content: bytes, decoded: str) -> None:
    parsed = checked(mail(FROM, "Content-Transfer-Encoding: quoted-printable", body=content))
    assert (parsed.text_body or "").startswith(decoded)


def test_m13_a_million_soft_breaks() -> None:
    parsed = checked(mail(FROM, "Content-Transfer-Encoding: quoted-printable", body=b"a=\r\n" * 1_000_000))
    assert parsed.text_body == "a" * 1_000_000


def test_m15_invalid_utf8_surrogates_and_bom() -> None:
    def body(content: bytes, charset: str) -> str | None:
        return checked(mail(FROM, f"Content-Type: text/plain; charset={charset}", body=content)).text_body

    assert body(b"a\xffb", "utf-8") == "a\ufffdb"
    assert set(body(b"\xed\xa0\x80", "utf-8") or "") == {"\ufffd"}
    assert body(b"\x00\xd8a\x00", "utf-16-le") == "\ufffda"
    assert body(b"\xef\xbb\xbfa\xef\xbb\xbfb", "utf-8") == "a\ufeffb"
    assert "bad_charset" in checked(mail(FROM, "Content-Type: text/plain; charset=utf-8", body=b"\xff")).defects


def test_m16_nul_in_header_and_body() -> None:
    parsed = checked(mail(FROM, b"Subject: a\x00b", "To: x\x00y <c@d.example>", body=b"a\x00b"))
    assert parsed.subject == "a\ufffdb"
    assert parsed.text_body == "a\ufffdb"
    assert parsed.to[0].name == "x\ufffdy"
    assert "nul" in parsed.defects
