"""What a file is, told by its first bytes, and whether the sender's word for it would mislead.

A table of our own rather than a magic-number library: it looks at a few fixed places, so its cost is known, and it
answers only for types where being wrong matters.
"""

import re
from typing import Final, NamedTuple

from agentpost_server.mail.filenames import extension
from agentpost_server.mail.parsed import AttachmentFlag

OCTET_STREAM: Final = "application/octet-stream"
_WINDOW: Final = 1_024
# The end record of a zip with its longest comment.
_ZIP_TAIL: Final = 65_557

_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"MSCF", "application/vnd.ms-cab-compressed"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x7fELF", "application/x-executable"),
    (b"\xcf\xfa\xed\xfe", "application/x-executable"),
    (b"\xca\xfe\xba\xbe", "application/x-executable"),
    (b"#!", "application/x-executable"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (b"{\\rtf", "application/rtf"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"-----BEGIN PGP MESSAGE-----", "application/pgp-encrypted"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
)
_MARKUP: Final = re.compile(
    rb"<(?:(?P<svg>svg)\b|(?P<xml>\?xml|!doctype\s{1,9}(?!html)\w|!entity)|(?P<html>!doctype\s{1,9}html|html|head|body|script|iframe|meta))",
    re.IGNORECASE,
)

_EXECUTABLE: Final = frozenset({"application/x-executable", "application/x-ms-shortcut", "application/x-msdownload"})
_MARKUP_TYPES: Final = frozenset({"text/html", "image/svg+xml", "text/xml", "application/xml", "application/xhtml+xml"})
_ARCHIVES: Final = frozenset(
    {
        "application/zip",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "application/gzip",
        "application/x-bzip2",
        "application/x-xz",
        "application/zstd",
        "application/vnd.ms-cab-compressed",
        "application/x-tar",
    }
)
_OFFICE_EXTENSIONS: Final = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "epub": "application/epub+zip",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
}
# Run or rendered by a double click, so that a picture's or document's type over such a name is a trap.
_ACTIVE_NAMES: Final = """
    exe scr com pif bat cmd ps1 vbs vbe js jse wsf wsh hta msi msix jar lnk url reg dll cpl sh app iso img vhd
    html htm xhtml shtml svg xml"""
_ACTIVE_EXTENSIONS: Final = frozenset(_ACTIVE_NAMES.split())
_SAID_TO_BE_DATA: Final = (
    "image/",
    "audio/",
    "video/",
    "application/pdf",
    "text/plain",
    "text/csv",
    "application/vnd.",
)
_MACRO_EXTENSIONS: Final = frozenset({"docm", "dotm", "xlsm", "xltm", "xlsb", "xlam", "pptm", "potm", "ppsm"})
_UNTOLD: Final = frozenset(
    {
        "",
        OCTET_STREAM,
        "application/binary",
        "application/x-download",
        "application/force-download",
        "binary/octet-stream",
    }
)


class Verdict(NamedTuple):
    """`mime_type` is what to believe: the sniffed type, the declared one, or octet-stream where they fight."""

    mime_type: str
    flags: tuple[AttachmentFlag, ...]


def judge(content: bytes, declared: str | None, filename: str) -> Verdict:
    """The type and flags of an attachment. Looks into its bytes; unpacks and interprets nothing."""
    sniffed = sniff(content)
    said = (declared or "").lower()
    name_extension = extension(filename)
    flags: list[AttachmentFlag] = []
    if _is_encrypted(content, sniffed, said):
        flags.append("encrypted")
    if _has_macro(content, sniffed, name_extension):
        flags.append("macro")
    if (sniffed in _ARCHIVES and not _is_office(said, name_extension)) or said in _ARCHIVES:
        flags.append("archive")
    believed, misleads = _believe(sniffed, said, name_extension)
    if misleads or _is_polyglot(content, sniffed):
        flags.append("type_mismatch")
        believed = OCTET_STREAM
    return Verdict(believed, tuple(flags))


def sniff(content: bytes) -> str | None:
    """The media type that the first bytes prove, or None. Containers answer for themselves, not for what they hold."""
    for magic, mime_type in _MAGIC:
        if content.startswith(magic):
            return mime_type
    if content.startswith(b"MZ") and len(content) > 64:
        return "application/x-executable"
    head = content[:_WINDOW]
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(head[8:12])
    if content[257:262] == b"ustar":
        return "application/x-tar"
    if b"%PDF-" in head:
        return "application/pdf"
    return _markup(head)


def _markup(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.replace(b"\x00", b"")
    if not head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
        return None
    types = {match.lastgroup for match in _MARKUP.finditer(head)}
    if "svg" in types:
        return "image/svg+xml"
    if "html" in types:
        return "text/html"
    return "text/xml" if types else None


def _believe(sniffed: str | None, said: str, name_extension: str) -> tuple[str, bool]:
    """What to believe, and whether the declared type would mislead whoever opens the file."""
    if (
        name_extension in _ACTIVE_EXTENSIONS
        and said.startswith(_SAID_TO_BE_DATA)
        and not _same_markup(said, name_extension)
    ):
        return OCTET_STREAM, True
    if sniffed is None:
        return said or OCTET_STREAM, False
    if sniffed in {"application/zip", "application/x-ole-storage"}:
        return _container(sniffed, said, name_extension)
    if said in _UNTOLD:
        return sniffed, False
    if sniffed == said or _alike(sniffed, said):
        return said, False
    both = sniffed.partition("/")[0], said.partition("/")[0]
    if both[0] == both[1] and both[0] in {"image", "audio", "video"} and "svg" not in sniffed + said:
        return sniffed, False
    return sniffed, _matters(sniffed, said)


def _matters(sniffed: str, said: str) -> bool:
    if sniffed in _EXECUTABLE or sniffed in _MARKUP_TYPES:
        return True
    return said.startswith((*_SAID_TO_BE_DATA, "text/")) or said in _MARKUP_TYPES or said in _ARCHIVES


def _container(sniffed: str, said: str, name_extension: str) -> tuple[str, bool]:
    """Zip and OLE files are documents by their name and declared type; which one is not ours to unpack."""
    if said in _UNTOLD or said in {"application/x-zip-compressed", "application/x-zip", sniffed}:
        return _OFFICE_EXTENSIONS.get(name_extension, sniffed), False
    return said, not said.startswith("application/") or said == "application/pdf"


def _alike(sniffed: str, said: str) -> bool:
    if sniffed in _MARKUP_TYPES and said in _MARKUP_TYPES:
        return (sniffed == "text/xml") == ("xml" in said and "html" not in said and "svg" not in said)
    pairs = {
        "application/rtf": {"text/rtf", "application/msword", "text/richtext"},
        "application/gzip": {
            "application/x-gzip",
            "application/x-tar",
            "application/x-gtar",
            "application/x-compressed-tar",
        },
        "application/vnd.rar": {"application/x-rar-compressed", "application/x-rar"},
        "application/ms-tnef": {"application/vnd.ms-tnef"},
        "application/ogg": {"audio/ogg", "video/ogg", "audio/opus"},
        "application/pgp-encrypted": {"text/plain", "application/pgp"},
        "application/pdf": {"application/x-pdf"},
        "video/mp4": {"audio/mp4", "image/heic", "image/heif", "image/avif", "video/quicktime", "audio/x-m4a"},
        "video/webm": {"audio/webm", "video/x-matroska"},
        "text/xml": {"text/plain"},
    }
    return said in pairs.get(sniffed, ()) or (sniffed == "text/xml" and said.endswith("+xml"))


def _same_markup(said: str, name_extension: str) -> bool:
    return said.startswith("image/svg") and name_extension == "svg"


def _is_office(said: str, name_extension: str) -> bool:
    return (
        said.startswith("application/vnd.o")
        or name_extension in _OFFICE_EXTENSIONS
        or name_extension in _MACRO_EXTENSIONS
    )


def _is_polyglot(content: bytes, sniffed: str | None) -> bool:
    """A picture with a zip at its end (GIFAR), a PDF with markup in front or among its first lines."""
    if sniffed is None:
        return False
    if sniffed.startswith("image/") and sniffed != "image/svg+xml":
        return content.rfind(b"PK\x05\x06", max(0, len(content) - _ZIP_TAIL)) >= 0 or bool(
            _MARKUP.search(content[:_WINDOW])
        )
    return sniffed == "application/pdf" and bool(_MARKUP.search(content[:_WINDOW].replace(b"<?xpacket", b"")))


def _is_encrypted(content: bytes, sniffed: str | None, said: str) -> bool:
    if sniffed == "application/zip":
        central = content.find(b"PK\x01\x02", max(0, len(content) - (1 << 20)))
        local = len(content) > 7 and bool(content[6] & 1) and content.startswith(b"PK\x03\x04")
        return local or (central >= 0 and len(content) > central + 8 and bool(content[central + 8] & 1))
    if sniffed == "application/x-ole-storage":
        return "EncryptedPackage".encode("utf-16-le") in content
    if sniffed == "application/pdf":
        return b"/Encrypt" in content
    return sniffed == "application/pgp-encrypted" or said in {"application/pgp-encrypted", "application/pkcs7-mime"}


def _has_macro(content: bytes, sniffed: str | None, name_extension: str) -> bool:
    if name_extension in _MACRO_EXTENSIONS:
        return True
    if sniffed == "application/zip":
        return b"vbaProject.bin" in content
    return sniffed == "application/x-ole-storage" and "_VBA_PROJECT".encode("utf-16-le") in content
