"""PDF by PDFium: page by page, without scripts, forms or fonts of the system. What lies outside a page is not read;
white, tiny or covered text is, as PDFium cannot tell what a person sees. Pictures of text give none."""

import ctypes

import pypdfium2
import pypdfium2.raw

from agentpost_server.mail.file_text.model import UnreadableError
from agentpost_server.mail.file_text.pages import Pages


def read_pdf(content: bytes, pages: Pages) -> int:
    """Answers how many pages the file has."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        locked = error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD
        raise UnreadableError("encrypted" if locked else "damaged") from error
    count = len(document)
    if not count:
        raise UnreadableError("damaged")
    for index in range(count):
        if pages.is_full():
            break
        pages.add(_page(document, index, pages))
    return count


def _page(document: pypdfium2.PdfDocument, index: int, pages: Pages) -> str:
    """A broken page is empty, and the others are read."""
    try:
        page = document[index]
        words = page.get_textpage()
        try:
            many = words.count_chars() > pages.room
            return words.get_text_range(0, pages.room) if many else words.get_text_bounded()
        finally:
            words.close()
            page.close()
    except (pypdfium2.PdfiumError, ctypes.ArgumentError):
        pages.truncated = True
        return ""
