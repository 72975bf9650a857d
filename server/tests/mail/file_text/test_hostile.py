"""Files that mean harm: bombs, entities, locks, wrecks. Each gives a reason or a part, and the next file is read."""

import random
import zipfile
from collections.abc import AsyncGenerator
from io import BytesIO
from typing import IO

import pytest
import pytest_asyncio

from agentpost_server.mail.file_text import FileText, Kind
from agentpost_server.mail.file_text.jail import FileJail
from agentpost_server.mail.jail import JailFailure
from mail.file_text.making import office, pdf, slides, word, workbook

_MOST = 100_000
_W = b'<w:document xmlns:w="w"><w:body>'


@pytest_asyncio.fixture(scope="module")
async def jail() -> AsyncGenerator[FileJail]:
    async with FileJail() as opened:
        yield opened


async def _failure(jail: FileJail, kind: Kind, content: bytes) -> str | None:
    found = await jail.read(kind, content, _MOST)
    assert isinstance(found, FileText)
    assert await jail.read("txt", b"good", _MOST) == FileText(pages=("good",), page_count=1)
    return found.failure


async def test_m28_a_bomb_is_not_unpacked(jail: FileJail) -> None:
    def bomb(part: IO[bytes]) -> None:
        part.write(_W)
        for _ in range(160):
            part.write(b" " * (1 << 20))

    content = office(bomb)
    assert len(content) < 2 << 20
    assert await _failure(jail, "docx", content) == "too_large"


async def test_m28_a_bomb_of_words_gives_its_beginning(jail: FileJail) -> None:
    def bomb(part: IO[bytes]) -> None:
        part.write(_W + b"<w:p><w:r><w:t>")
        for _ in range(160):
            part.write(b"tea " * (1 << 18))

    found = await jail.read("docx", office(bomb), _MOST)
    assert isinstance(found, FileText)
    assert (found.truncated, found.failure) == (True, None)
    assert sum(len(one) for one in found.pages) <= _MOST


async def test_m28_an_archive_of_very_many_entries_is_not_listed(jail: FileJail) -> None:
    entries = ((f"{number}", b"") for number in range(20_001))
    assert await _failure(jail, "docx", office(b"<x/>", entries=entries)) == "too_large"


async def test_m28_a_zip_within_a_zip_stays_one(jail: FileJail) -> None:
    assert await _failure(jail, "docx", office(office(b"<x/>"))) == "damaged"


@pytest.mark.parametrize(
    "declared",
    [
        b'<!ENTITY a "' + b"x" * 1_000 + b'"><!ENTITY b "' + b"&a;" * 1_000 + b'">',
        b'<!ENTITY b SYSTEM "file:///etc/passwd">',
    ],
)
async def test_m29_no_entity_is_expanded(jail: FileJail, declared: bytes) -> None:
    content = b"<!DOCTYPE x [" + declared + b"]>" + _W + b"<w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>"
    assert await _failure(jail, "docx", office(content)) == "damaged"


async def test_a_document_nested_without_end_ends(jail: FileJail) -> None:
    found = await jail.read("docx", office(_W + b"<w:p><w:r>" * 500_000), _MOST)
    assert not isinstance(found, JailFailure) or found.reason in ("cpu", "memory")
    assert await _failure(jail, "txt", b"x") is None


async def test_what_is_locked_says_so_and_a_lock_that_opens_to_all_does_not(jail: FileJail) -> None:
    assert await _failure(jail, "pdf", pdf("secret", user_password="k")) == "encrypted"
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512 + "EncryptedPackage".encode("utf-16-le")
    assert await _failure(jail, "docx", ole) == "encrypted"
    found = await jail.read("pdf", pdf("open to read", owner_password="k"), _MOST)
    assert isinstance(found, FileText)
    assert found.pages == ("open to read",)


async def test_a_locked_entry_of_a_package_says_so(jail: FileJail) -> None:
    content = bytearray(office(b"<x/>"))
    with zipfile.ZipFile(BytesIO(bytes(content))) as package:
        info = package.getinfo("word/document.xml")
    content[info.header_offset + 6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    assert await _failure(jail, "docx", bytes(content)) == "encrypted"


@pytest.mark.parametrize("kind", ["pdf", "docx", "xlsx", "pptx"])
async def test_what_is_none_of_its_kind_is_damaged(jail: FileJail, kind: Kind) -> None:
    for content in (b"", b"nothing", b"%PDF-1.7\n", b"PK\x03\x04" + b"\0" * 100, office(b"<a><b></a>")):
        assert await _failure(jail, kind, content) == "damaged"


async def test_cells_far_away_cost_nothing(jail: FileJail) -> None:
    book = (
        b'<worksheet><sheetData><row r="1"><c r="XFD1" t="str"><v>far</v></c><c r="ZZZZ9" t="s"><v>99</v></c>'
        b'<c r="" t="s"><v>-1</v></c><c t="n"><v>1e999</v></c></row></sheetData></worksheet>'
    )
    content = office(
        b'<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>',
        entries=[
            ("word/_rels/document.xml.rels", b'<R><Relationship Id="a" Type="x/worksheet" Target="s.xml"/></R>'),
            ("word/s.xml", book),
        ],
    )
    found = await jail.read("xlsx", content, _MOST)
    assert isinstance(found, FileText)
    assert found.failure is None
    assert "far" in found.pages[0]
    assert len(found.pages[0]) < 300


async def test_m30_wrecks_of_every_kind_break_nothing(jail: FileJail) -> None:
    chance = random.Random(30)
    for kind, whole in (("pdf", pdf("a\nb", "c")), ("docx", word()), ("xlsx", workbook()), ("pptx", slides())):
        for _ in range(25):
            wreck = bytearray(whole)
            for _ in range(chance.randrange(1, 30)):
                wreck[chance.randrange(len(wreck))] = chance.randrange(256)
            del wreck[chance.randrange(len(wreck) // 2, len(wreck)) :]
            found = await jail.read(kind, bytes(wreck), _MOST)  # pyright: ignore[reportArgumentType]
            assert isinstance(found, FileText), found
    assert await _failure(jail, "txt", b"x") is None


async def test_m32_a_calendar_of_very_many_events_is_cut(jail: FileJail) -> None:
    event = b"BEGIN:VEVENT\r\nRRULE:FREQ=SECONDLY;COUNT=1000000000\r\nEND:VEVENT\r\n"
    found = await jail.read("ics", event * 200_000, _MOST)
    assert isinstance(found, FileText)
    assert found.truncated
    assert sum(len(one) for one in found.pages) <= _MOST
