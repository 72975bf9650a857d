"""What is read of honest files: every kind, in order, with its pages."""

import pytest

from agentpost_server.mail.file_text import FileText, Kind
from agentpost_server.mail.file_text.pages import MOST_PAGES, PIECE_CHARACTERS, Pages
from agentpost_server.mail.file_text.read import read_file
from mail.file_text.making import pdf, pdf_of_one_page_many_times, slides, word, workbook

_MOST = 1_000_000


def read(kind: Kind, content: bytes, most: int = _MOST) -> FileText:
    return read_file(kind, content, most)


def test_a_pdf_has_its_pages() -> None:
    assert read("pdf", pdf("First page\nof two", "", "Third")) == FileText(
        pages=("First page\nof two", "", "Third"), page_count=3
    )


def test_a_word_file_has_its_paragraphs_tables_and_headers_but_not_what_word_hides() -> None:
    assert read("docx", word()).pages == (
        "Offer\nGrüße aus 東京 and\tmore\nTea | 3.50\nCake with cream |\n\nplain again\n\nTea Ltd",
    )


def test_a_workbook_has_a_page_a_sheet_with_values_as_a_person_sees_them() -> None:
    prices, costs = read("xlsx", workbook()).pages
    assert prices.split("\n") == [
        "Sheet: Prices",
        "Item\tPrice\tFrom\tAt",
        "Tea\t0.3\t2026-03-01\t09:30:00",
        # Nothing computed the formula yet, and we do not.
        "Cake\t-7\t2026-03-01 12:30:00",
        "\t\t\t\t\tfar",
        "TRUE\ttwo lines",
    ]
    assert costs == "Sheet: Costs (hidden)\n\t12345678901234"


def test_a_presentation_has_a_page_a_slide_in_the_order_of_showing() -> None:
    assert read("pptx", slides()) == FileText(
        pages=("(hidden slide)\nSecond\none\ntwo", "First\none\ntwo"), page_count=2
    )


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("txt", "Grüße".encode("cp1252"), "Grüße"),
        ("txt", "Grüße".encode("utf-8-sig"), "Grüße"),
        ("txt", "Grüße".encode("utf-16"), "Grüße"),
        ("txt", b"a\x00b\r\nc\rd", "a�b\nc\nd"),
        ("csv", "name;sum\r\nÖl;3\r\n".encode(), "name;sum\nÖl;3"),
        ("html", b"<title>t</title><p>Hi <b>you</b><p style='display:none'>x</p><script>1</script>", "Hi you"),
        ("html", "<meta charset='koi8-r'><p>Привет".encode("koi8-r"), "Привет"),
        (
            "ics",
            b"BEGIN:VEVENT\r\nSUMMARY:Te\r\n a\\, at four\r\nDESCRIPTION:x\\nATTENDEE:mailto:eve@x\r\n"
            b"RRULE:FREQ=SECONDLY\r\n",
            "BEGIN:VEVENT\nSUMMARY:Tea, at four\nDESCRIPTION:x\n  ATTENDEE:mailto:eve@x\nRRULE:FREQ=SECONDLY",
        ),
        (
            "eml",
            b"From: Ann <a@b.example>\nTo: c@d.example\nSubject: Tea\n\nAt four?\n",
            "From: Ann <a@b.example>\nTo: c@d.example\nSubject: Tea\n\nAt four?",
        ),
    ],
)
def test_files_that_are_text(kind: Kind, content: bytes, text: str) -> None:
    assert read(kind, content).pages == (text,)


def test_what_has_no_pages_is_cut_at_line_ends_and_nothing_is_lost() -> None:
    text = "".join(f"line {number} " + "x" * (number % 90) + "\n" for number in range(1_000))
    pages = read("txt", text.encode()).pages
    assert len(pages) > 3
    assert all(PIECE_CHARACTERS // 2 < len(one) <= PIECE_CHARACTERS for one in pages[:-1])
    assert "\n".join(pages) + "\n" == text
    one_line = read("txt", b"y" * 25_000)
    assert [len(one) for one in one_line.pages] == [10_000, 10_000, 5_000]


@pytest.mark.parametrize(
    ("kind", "content"),
    [("pdf", pdf("x" * 80, "y" * 80)), ("docx", word()), ("xlsx", workbook()), ("pptx", slides()), ("txt", b"z" * 99)],
)
def test_the_bound_of_characters_holds_and_is_told(kind: Kind, content: bytes) -> None:
    found = read(kind, content, most=10)
    assert found.truncated
    assert sum(len(one) for one in found.pages) <= 10
    assert found.pages[0]


def test_pages_are_bounded_and_the_files_own_number_is_told() -> None:
    found = read("pdf", pdf_of_one_page_many_times(MOST_PAGES + 1))
    assert found.truncated
    assert found.page_count == MOST_PAGES + 1
    assert 0 < len(found.pages) <= MOST_PAGES
    assert set(found.pages) == {"again"}


def test_what_takes_too_long_is_kept_as_far_as_it_came() -> None:
    pages = Pages(_MOST, cpu_seconds=0)
    pages.add_pieces("x" * 30_000)
    assert pages.done().truncated
