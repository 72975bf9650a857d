"""The zip around Office documents: only what is asked for is unpacked, piece by piece, within one sum of octets.

A document of our own reading rather than of a library: those build whole trees first, and a bomb is all tree.
"""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Final
from xml.parsers import expat

from agentpost_server.mail.file_text.model import UnreadableError

MOST_UNPACKED: Final = 128 << 20
_MOST_ENTRIES: Final = 20_000
_CENTRAL: Final = b"PK\x01\x02"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_PIECE: Final = 64 << 10

Start = Callable[[str, dict[str, str]], None]


class Package:
    """The parts of a document by name, and how they refer to each other."""

    def __init__(self, content: bytes, most_unpacked: int = MOST_UNPACKED) -> None:
        if content.startswith(_OLE):
            # Office wraps what it encrypts into its older container.
            raise UnreadableError("encrypted" if "EncryptedPackage".encode("utf-16-le") in content else "damaged")
        if content.count(_CENTRAL) > _MOST_ENTRIES:
            raise UnreadableError("too_large")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise UnreadableError("damaged") from error
        self._left = most_unpacked

    def has(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def pieces(self, name: str) -> Iterator[bytes]:
        """The part's octets. UnreadableError when it is not there, is locked, or unpacks to more than is allowed."""
        info = self._zip.NameToInfo.get(name)
        if info is None or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableError("damaged")
        if info.flag_bits & 1:
            raise UnreadableError("encrypted")
        try:
            with self._zip.open(info) as part:
                while piece := part.read(_PIECE):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise UnreadableError("too_large")
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
            raise UnreadableError("damaged") from error

    def targets(self, part: str) -> dict[str, tuple[str, str]]:
        """What `part` refers to, by id: the last word of the kind, and the name of the part."""
        folder, name = posixpath.split(part)
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, values: dict[str, str]) -> None:
            if tag == "Relationship" and values.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, values.get("Target", "")))
                kind = values.get("Type", "").rpartition("/")[2]
                found[values.get("Id", "")] = (kind, target.lstrip("/"))

        if self.has(relations):
            read_xml(self.pieces(relations), start)
        return found

    def main(self) -> str:
        """The part that the document is."""
        for kind, target in self.targets("").values():
            if kind == "officeDocument":
                return target
        raise UnreadableError("damaged")


def read_xml(
    pieces: Iterator[bytes],
    start: Start,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Call back for each element, by its local name. A document type is refused: no entity is ever expanded (M-29)."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = lambda tag, values: start(tag.rpartition(" ")[2], values)
    if end is not None:
        parser.EndElementHandler = lambda tag: end(tag.rpartition(" ")[2])
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise UnreadableError("damaged") from error


def value_of(values: dict[str, str], name: str) -> str | None:
    """An attribute by its local name."""
    if name in values:
        return values[name]
    return next((value for key, value in values.items() if key.endswith(f" {name}")), None)


def _refuse(*_: object) -> None:
    raise UnreadableError("damaged")
