"""Rules on attached files: by name, type and the flags that the parser gave them. No file is opened."""

from collections.abc import Iterator, Sequence
from typing import Final

from agentpost_server.mail.filenames import extension
from agentpost_server.mail.parsed import ParsedAttachment

_RUNS: Final = frozenset(
    """exe scr com pif bat cmd ps1 vbs vbe js jse wsf wsh hta msi msix jar lnk cpl dll iso img vhd vhdx one xll
    chm""".split()
)
_DOCUMENTS: Final = frozenset("pdf doc docx xls xlsx ppt pptx rtf txt csv jpg jpeg png gif mp3 mp4 zip".split())
_PAGES: Final = frozenset({"html", "htm", "shtml", "xhtml", "svg", "mht", "mhtml"})
_PROGRAMS: Final = frozenset({"application/x-executable", "application/x-ms-shortcut", "application/x-msdownload"})
_FILES_LOOKED_AT: Final = 50


def attached(files: Sequence[ParsedAttachment]) -> Iterator[str]:
    for file in files[:_FILES_LOOKED_AT]:
        yield from _rules(file)


def _rules(file: ParsedAttachment) -> Iterator[str]:
    kind = extension(file.filename)
    if kind in _RUNS or file.mime_type in _PROGRAMS:
        stem = file.filename[: -len(kind) - 1].rstrip(" ._") if kind in _RUNS else file.filename
        yield "executable_disguised" if extension(stem) in _DOCUMENTS else "executable"
    elif kind in _PAGES and file.disposition == "attachment":
        yield "page_attached"
    if "type_mismatch" in file.flags:
        yield "type_mismatch"
    if "encrypted" in file.flags and "archive" in file.flags:
        yield "encrypted_archive"
    if "macro" in file.flags:
        yield "macro"
