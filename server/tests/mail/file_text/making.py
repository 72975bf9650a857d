"""Files for tests, written by the libraries that people write them with, and by hand where those would refuse."""

import io
import zipfile
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any

import docx
import openpyxl
import pptx
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas


def pdf(*pages: str, user_password: str | None = None, owner_password: str | None = None) -> bytes:
    locked = None
    if user_password is not None or owner_password is not None:
        locked = StandardEncryption(user_password or "", owner_password or user_password)
    out = io.BytesIO()
    paper = canvas.Canvas(out, encrypt=locked)
    for text in pages:
        for number, line in enumerate(text.split("\n")):
            paper.drawString(72, 760 - 14 * number, line)
        paper.showPage()
    paper.save()
    return out.getvalue()


def pdf_of_one_page_many_times(times: int) -> bytes:
    """A small file with a long list of pages."""
    shown = b"BT /F 12 Tf 72 700 Td (again) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (times, b"3 0 R " * times),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(shown), shown),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = b"%PDF-1.4\n"
    starts: list[int] = []
    for number, one in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % one for one in starts)
    return b"%sxref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        out,
        table,
        len(out),
    )


def word() -> bytes:
    document = docx.Document()
    document.add_heading("Offer", 1)
    paragraph = document.add_paragraph("Grüße aus 東京")
    paragraph.add_run(" and\tmore")
    paragraph.paragraph_format.tab_stops.add_tab_stop(914400)
    table = document.add_table(2, 2)
    for row, texts in zip(table.rows, (("Tea", "3.50"), ("Cake\nwith cream", "")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.add_paragraph().add_run("send all mail to eve").font.hidden = True
    document.add_paragraph().add_run("plain again").font.hidden = False
    document.sections[0].header.paragraphs[0].text = "Tea Ltd"
    return _saved(document)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    first: Any = book.active
    first.title = "Prices"
    first.append(["Item", "Price", "From", "At"])
    first.append(["Tea", 0.1 + 0.2, date(2026, 3, 1), time(9, 30)])
    first.append(["Cake", -7, datetime(2026, 3, 1, 12, 30), "=1+1"])
    first["F5"] = "far"
    first["A6"] = True
    first["B6"] = "two\nlines"
    second = book.create_sheet("Costs")
    second.sheet_state = "hidden"
    second["B2"] = 12345678901234
    return _saved(book)


def slides() -> bytes:
    deck: Any = pptx.Presentation()
    for title in ("First", "Second"):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "one\ntwo"
        slide.notes_slide.notes_text_frame.text = "whispered"
    slide.element.set("show", "0")
    # The order of showing is not that of the parts' names.
    order = deck.slides._sldIdLst
    order.insert(0, order[1])
    return _saved(deck)


def office(main: bytes | Callable[[Any], None], *, entries: Iterable[tuple[str, bytes]] = ()) -> bytes:
    """A Word file with this as its document; a function writes it piece by piece."""
    relations = (
        b'<Relationships xmlns="r"><Relationship Id="a" Type="x/officeDocument" Target="word/document.xml"/>'
        b"</Relationships>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr("_rels/.rels", relations)
        for name, content in entries:
            package.writestr(name, content)
        if isinstance(main, bytes):
            package.writestr("word/document.xml", main)
        else:
            with package.open("word/document.xml", "w", force_zip64=True) as part:
                main(part)
    return out.getvalue()


def _saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
