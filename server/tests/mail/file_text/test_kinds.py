"""Which files are read: by what their bytes and names say, and never when those contradict each other."""

import pytest

from agentpost_server.mail.file_text import kind_of
from agentpost_server.mail.sniff import judge
from mail.file_text.making import office, pdf, word


@pytest.mark.parametrize(
    ("mime_type", "filename", "kind"),
    [
        ("application/pdf", "a.pdf", "pdf"),
        ("application/octet-stream", "A.PDF", "pdf"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "x", "docx"),
        ("application/zip", "a.xlsx", "xlsx"),
        ("application/vnd.ms-excel.sheet.macroEnabled.12", "a.xlsm", "xlsx"),
        ("application/vnd.ms-excel", "export.csv", "csv"),
        ("application/vnd.ms-excel", "old.xls", None),
        ("text/plain", "invite.ics", "ics"),
        ("text/plain; charset=utf-8", "notes", "txt"),
        ("text/html", "page.txt", "html"),
        ("message/rfc822", "forwarded.eml", "eml"),
        ("application/zip", "a.zip", None),
        ("image/png", "a.png", None),
        ("text/xml", "a.xml", None),
        ("image/svg+xml", "a.svg", None),
    ],
)
def test_the_kind_is_told_by_type_and_name(mime_type: str, filename: str, kind: str | None) -> None:
    assert kind_of(mime_type, filename, ()) == kind


def test_m40_a_polyglot_is_not_read() -> None:
    verdict = judge(b"<html><script>x</script>" + pdf("words"), "application/pdf", "a.pdf")
    assert "type_mismatch" in verdict.flags
    assert kind_of(verdict.mime_type, "a.pdf", verdict.flags) is None


def test_a_file_with_macros_is_flagged_and_its_words_are_read() -> None:
    content = office(b"<document/>", entries=[("word/vbaProject.bin", b"x")])
    verdict = judge(content, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "a.docx")
    assert verdict.flags == ("macro",)
    assert kind_of(verdict.mime_type, "a.docx", verdict.flags) == "docx"
    assert kind_of(judge(word(), None, "a.docm").mime_type, "a.docm", ("macro",)) == "docx"


def test_m28_archives_are_flagged_and_never_unpacked() -> None:
    verdict = judge(office(b"x"), "application/zip", "inner.zip")
    assert verdict.flags == ("archive",)
    assert kind_of(verdict.mime_type, "inner.zip", verdict.flags) is None
