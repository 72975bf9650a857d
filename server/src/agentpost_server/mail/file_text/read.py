"""From the bytes of a file to its pages, whatever its kind. Runs in the jail: it may be slow, and it may be wrong."""

from collections.abc import Callable
from typing import Final

from agentpost_server.mail.file_text.docx import read_docx
from agentpost_server.mail.file_text.kinds import Kind
from agentpost_server.mail.file_text.model import FileText, UnreadableError
from agentpost_server.mail.file_text.pages import Pages
from agentpost_server.mail.file_text.pdf import read_pdf
from agentpost_server.mail.file_text.plain import read_calendar, read_mail, read_page, read_text
from agentpost_server.mail.file_text.pptx import read_pptx
from agentpost_server.mail.file_text.xlsx import read_xlsx

# Each adds to the pages, and answers how many the file has where it has some of its own.
_READERS: Final[dict[Kind, Callable[[bytes, Pages], int | None]]] = {
    "pdf": read_pdf,
    "docx": read_docx,
    "xlsx": read_xlsx,
    "pptx": read_pptx,
    "html": read_page,
    "csv": read_text,
    "ics": read_calendar,
    "txt": read_text,
    "eml": read_mail,
}


def read_file(kind: Kind, content: bytes, most_characters: int) -> FileText:
    """Its pages; a file that is locked, broken or too large tells so in `failure`. MemoryError is the jail's."""
    pages = Pages(most_characters)
    try:
        return pages.done(_READERS[kind](content, pages))
    except UnreadableError as error:
        return FileText(failure=error.failure)
    except (ValueError, LookupError, ArithmeticError, RecursionError, TypeError, AttributeError):
        # What a reader did not expect is the file's fault; it costs its own text and nothing else.
        return FileText(failure="damaged")
