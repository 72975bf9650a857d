"""Which files are read, and as what: by the type that their own bytes and name vouch for (`sniff`), never by the
sender's word alone."""

from collections.abc import Sequence
from typing import Final, Literal

from agentpost_server.mail.filenames import extension

Kind = Literal["pdf", "docx", "xlsx", "pptx", "html", "csv", "ics", "txt", "eml"]

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_BY_TYPE: Final[dict[str, Kind]] = {
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
    f"{_OFFICE}.wordprocessingml.document": "docx",
    f"{_OFFICE}.spreadsheetml.sheet": "xlsx",
    f"{_OFFICE}.presentationml.presentation": "pptx",
    "application/vnd.ms-word.document.macroenabled.12": "docx",
    "application/vnd.ms-excel.sheet.macroenabled.12": "xlsx",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12": "pptx",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "text/calendar": "ics",
    "application/ics": "ics",
    "text/plain": "txt",
    "text/markdown": "txt",
    "application/json": "txt",
    "message/rfc822": "eml",
}
_BY_NAME: Final[dict[str, Kind]] = {
    "pdf": "pdf",
    "docx": "docx",
    "docm": "docx",
    "xlsx": "xlsx",
    "xlsm": "xlsx",
    "pptx": "pptx",
    "pptm": "pptx",
    "html": "html",
    "htm": "html",
    "csv": "csv",
    "tsv": "csv",
    "ics": "ics",
    "txt": "txt",
    "md": "txt",
    "log": "txt",
    "json": "txt",
    "eml": "eml",
}
# Types that say only that nobody knew: the name decides.
_UNTOLD: Final = frozenset({"application/octet-stream", "application/zip", "application/x-ole-storage"})
# Senders call a calendar, a table or a page plain text; the name says what it is.
_PLAIN: Final = frozenset({"text/plain", "application/vnd.ms-excel"})


def kind_of(mime_type: str, filename: str, flags: Sequence[str]) -> Kind | None:
    """None: not read. A file that is not what it says it is, is none (M-40)."""
    if "type_mismatch" in flags:
        return None
    named = _BY_NAME.get(extension(filename))
    said = mime_type.partition(";")[0].strip().lower()
    if said in _UNTOLD:
        return named
    if said in _PLAIN and named in ("csv", "ics"):
        return named
    return _BY_TYPE.get(said)
