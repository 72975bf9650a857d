"""File names of strangers made harmless: to show in a list, to write to a disk, to put in Content-Disposition."""

import re
import unicodedata
from typing import Final

from agentpost_server.mail import parse_limits as limits

# Control characters, invisible ones, and those that turn the direction of writing (`exe.fdp` read backwards).
_INVISIBLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_RESERVED: Final = re.compile(r'[<>:"|?*]')
_SPACES: Final = re.compile(r"\s+")
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)
_EXTENSION_CHARACTERS: Final = 16
_CHARACTERS: Final = 4_096

_EXTENSIONS: Final = {
    "application/gzip": "gz",
    "application/ics": "ics",
    "application/json": "json",
    "application/msword": "doc",
    "application/ms-tnef": "dat",
    "application/pdf": "pdf",
    "application/pgp-encrypted": "asc",
    "application/pgp-signature": "asc",
    "application/pkcs7-mime": "p7m",
    "application/pkcs7-signature": "p7s",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/xml": "xml",
    "application/zip": "zip",
    "audio/mpeg": "mp3",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/webp": "webp",
    "message/delivery-status": "txt",
    "message/rfc822": "eml",
    "message/global": "eml",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/html": "html",
    "text/plain": "txt",
    "text/rfc822-headers": "txt",
    "text/vcard": "vcf",
    "text/xml": "xml",
    "video/mp4": "mp4",
}


def safe_filename(name: str) -> str:
    """`name` without path, control, invisible and direction characters, at most 255 octets of UTF-8.

    "" when nothing is left. The extension survives the cut. Device names of Windows get a `_` in front.
    """
    # The part behind the last separator, whichever system wrote it.
    bare = name[-_CHARACTERS:].replace("\\", "/").rpartition("/")[2]
    bare = _INVISIBLE.sub("", _SPACES.sub(" ", bare))
    bare = _RESERVED.sub("_", unicodedata.normalize("NFC", bare)).strip(" .")
    if _DEVICE.match(bare):
        bare = f"_{bare}"
    return _cut(bare)


def default_filename(mime_type: str, number: int) -> str:
    """A name for a part that has none: `attachment-2.pdf`."""
    return f"attachment-{number}.{_EXTENSIONS.get(mime_type, 'bin')}"


def extension(name: str) -> str:
    """The lower-case extension without its dot, "" when there is none."""
    stem, dot, last = name.rpartition(".")
    return last.lower() if dot and stem and len(last) <= _EXTENSION_CHARACTERS else ""


def _cut(name: str) -> str:
    if len(name.encode()) <= limits.FILENAME_OCTETS:
        return name
    last = extension(name)
    tail = f".{last}" if last else ""
    stem = name[: len(name) - len(tail)] if tail else name
    room = limits.FILENAME_OCTETS - len(tail.encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + tail
