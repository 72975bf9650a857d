"""Ordinary mail, read as its reader would see it."""

import hashlib
from datetime import UTC, datetime

from agentpost_server.mail.model import Address
from mail.parse.mails import checked, mail, multipart


def test_a_plain_mail_is_read_in_full() -> None:
    parsed = checked(
        mail(
            "Received: by a; Mon, 2 Nov 2026 10:00:00 +0000",
            "Received: by b; Mon, 2 Nov 2026 09:00:00 +0000",
            "From: =?utf-8?q?Ann_M=C3=BCller?= <ann@Example.COM>",
            'To: Support <support@mail.example>, "Bob, Jr." <bob@example.org>',
            "Cc: team: c@example.org, d@example.org;",
            "Reply-To: =?iso-8859-1?b?SvxyZ2Vu?= <j@example.org>",
            "Sender: agent@example.com",
            "Subject: Re: =?utf-8?b?w4TDtg==?=",
            "\t=?utf-8?b?w7w=?= done",
            "Date: Mon, 02 Nov 2026 11:00:00 +0100",
            "Message-ID: <abc.1@example.com>",
            "In-Reply-To: <q@mail.example>",
            "References: <p@mail.example>",
            " <q@mail.example>",
            "Content-Type: text/plain; charset=utf-8",
            body="Grüße\r\nAnn\r\n",
        )
    )
    assert parsed.parse_status == "ok"
    assert parsed.defects == ()
    assert [name for name, _ in parsed.headers][:3] == ["Received", "Received", "From"]
    assert parsed.headers[0][1].startswith("by a;")
    assert parsed.from_address == Address(email="ann@example.com", name="Ann Müller")
    assert parsed.single_author
    assert parsed.sender == Address(email="agent@example.com")
    assert parsed.to == (
        Address(email="support@mail.example", name="Support"),
        Address(email="bob@example.org", name="Bob, Jr."),
    )
    assert [address.email for address in parsed.cc] == ["c@example.org", "d@example.org"]
    assert parsed.reply_to == (Address(email="j@example.org", name="Jürgen"),)
    assert parsed.subject == "Re: Äöü done"
    assert parsed.date == datetime(2026, 11, 2, 10, tzinfo=UTC)
    assert parsed.message_id == "<abc.1@example.com>"
    assert parsed.in_reply_to == ("<q@mail.example>",)
    assert parsed.references == ("<p@mail.example>", "<q@mail.example>")
    assert parsed.text_body == "Grüße\nAnn\n"
    assert parsed.html_body is None
    assert parsed.attachments == ()
    assert parsed.loop_class == "none"
    assert parsed.report is None


def test_alternatives_are_one_body_in_two_forms() -> None:
    parsed = checked(
        multipart(
            "b",
            "Content-Type: text/plain\n\nplain\n",
            "Content-Type: multipart/related; boundary=c\n\n--c\nContent-Type: text/html; charset=utf-8\n\n"
            "<p>rich <img src=cid:pic></p>\n--c\nContent-Type: image/png\nContent-ID: <pic>\n"
            "Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--c--\n",
            subtype="alternative",
        )
    )
    assert parsed.text_body == "plain\n"
    assert parsed.html_body == "<p>rich <img src=cid:pic></p>"
    (picture,) = parsed.attachments
    assert (picture.disposition, picture.content_id, picture.mime_type) == ("inline", "pic", "image/png")
    assert picture.content == b"\x89PNG\r\n\x1a\n"
    assert parsed.parse_status == "ok"


def test_an_attachment_keeps_its_bytes_and_names() -> None:
    parsed = checked(
        multipart(
            "b",
            "Content-Type: text/plain\n\nsee file\n",
            "Content-Type: application/pdf; name=x.pdf\nContent-Transfer-Encoding: base64\n"
            "Content-Disposition: attachment; filename*0*=utf-8''r%C3%A9; filename*1*=sum%C3%A9.pdf; filename=x.pdf\n\n"
            "JVBERi0xLjQK\n",
        )
    )
    (file,) = parsed.attachments
    assert file.filename == "résumé.pdf"
    assert file.content == b"%PDF-1.4\n"
    assert file.sha256 == hashlib.sha256(b"%PDF-1.4\n").hexdigest()
    assert (file.size, file.disposition, file.mime_type, file.flags) == (9, "attachment", "application/pdf", ())


def test_texts_in_a_row_are_joined_in_order() -> None:
    parsed = checked(
        multipart("b", "\nfirst\n", "Content-Type: application/zip\n\nPK\n", "Content-Type: text/plain\n\nsecond\n")
    )
    assert parsed.text_body == "first\n\n\nsecond\n"
    assert len(parsed.attachments) == 1


def test_a_list_footer_in_text_does_not_hide_an_html_mail() -> None:
    parsed = checked(
        multipart("b", "Content-Type: text/html\n\n<p>news</p>\n", "Content-Type: text/plain\n\n<leave>\n")
    )
    assert parsed.text_body is None
    assert parsed.html_body is not None
    assert parsed.html_body.startswith("<p>news</p>")
    assert "<pre>&lt;leave&gt;" in parsed.html_body


def test_text_parts_with_a_name_are_files() -> None:
    parsed = checked(
        multipart(
            "b",
            "Content-Type: text/plain\n\nbody\n",
            "Content-Type: text/plain\nContent-Disposition: inline; filename=notes.txt\n\nnotes\n",
            "Content-Type: text/html\nContent-Disposition: attachment\n\n<p>page</p>\n",
        )
    )
    assert parsed.text_body == "body\n"
    assert parsed.html_body is None
    assert [(f.filename, f.disposition) for f in parsed.attachments] == [
        ("notes.txt", "inline"),
        ("attachment-2.html", "attachment"),
    ]


def test_flowed_text_is_unfolded() -> None:
    flowed = "This line \r\nflows on.\r\n> quoted \r\n> text\r\n>> deeper\r\n  stuffed\r\n-- \r\nAnn\r\n"
    parsed = checked(mail("From: a@b.example", "Content-Type: text/plain; format=flowed", body=flowed))
    assert parsed.text_body == "This line flows on.\n> quoted text\n>> deeper\n stuffed\n-- \nAnn\n"
    joined = checked(mail("From: a@b.example", "Content-Type: text/plain; format=flowed; delsp=yes", body="ab \r\ncd"))
    assert joined.text_body == "abcd"


def test_old_dates_and_zones_are_read() -> None:
    for text, hour in (
        ("2 Nov 2026 10:00:00 EST", 15),
        ("Mon, 2 Nov 26 10:00 +0000 (UTC)", 10),
        ("Mon,  2 Nov 2026 10:00:60 GMT", 10),
        ("Monday, 2-Nov-2026 10:00:00 -0930", 19),
    ):
        parsed = checked(mail("From: a@b.example", f"Date: {text}"))
        assert parsed.date is not None, text
        assert (parsed.date.day, parsed.date.hour) == (2, hour), text


def test_charsets_are_read_by_their_common_names() -> None:
    for label, text in (
        ("windows-1251", "Привет"),
        ("KOI8-R", "Привет"),
        ("gb2312", "你好"),
        ("ks_c_5601-1987", "안녕"),
        ("iso-2022-jp", "こんにちは"),
        ("Shift_JIS", "こんにちは"),
        ("big5", "你好"),
        ("iso-8859-15", "10 €"),
        ("UTF8", "é"),
        ("cp-850", "é"),
    ):
        codec = {"cp-850": "cp850"}.get(label, label)
        parsed = checked(
            mail("From: a@b.example", f"Content-Type: text/plain; charset={label}", body=text.encode(codec))
        )
        assert parsed.text_body == text, label
        assert parsed.parse_status == "ok", label


def test_utf7_and_unknown_charsets_are_never_interpreted() -> None:
    seven = checked(mail("From: a@b.example", "Content-Type: text/html; charset=utf-7", body="+ADw-script+AD4-"))
    assert seven.html_body == "+ADw-script+AD4-"
    assert "bad_charset" in seven.defects
    for label in ("punycode", "idna", "unicode_escape", "rot13", "x-none", "zlib"):
        unknown = checked(mail("From: a@b.example", f"Content-Type: text/plain; charset={label}", body="a\\u0041é"))
        assert unknown.text_body == "a\\u0041é", label


def test_encoded_words_that_cut_a_character_are_joined() -> None:
    parsed = checked(mail("From: a@b.example", "Subject: =?utf-8?b?4oI=?= =?utf-8?b?rDU=?= =?broken?q?x"))
    assert parsed.subject == "€5 =?broken?q?x"
