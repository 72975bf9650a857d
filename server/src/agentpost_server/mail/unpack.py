"""One file out of gzip (RFC 1952) or a zip with one entry, within a bound. Pure; reads the stream from its beginning,
so that no table of contents, however long or false, costs anything.
"""

import struct
import zlib
from typing import Final

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
# Local file header (APPNOTE 4.3.7) behind its signature: flags, method, and the lengths that place the content.
_LOCAL: Final = struct.Struct("<HHH8xII HH")
_STORED: Final = 0
_DEFLATED: Final = 8
_ENCRYPTED: Final = 0x1
_SIZE_BEHIND: Final = 0x8
_FREE_OCTETS: Final = 64 << 10


class UnpackError(ValueError):
    """What came is damaged, encrypted, several files, or too large; the message says which."""


def unpack(packed: bytes, *, most: int, ratio: int) -> bytes:
    """The content: of what is neither gzip nor zip, itself. At most `most` octets and, above 64 KiB, at most `ratio`
    times the packed size."""
    if packed.startswith(_GZIP):
        return _inflate(packed, zlib.MAX_WBITS | 16, _bound(packed, most, ratio))[0]
    if packed.startswith(_ZIP):
        return _only_entry(packed, _bound(packed, most, ratio))
    if len(packed) > most:
        raise UnpackError(f"it is larger than {most:,} octets")
    return packed


def _bound(packed: bytes, most: int, ratio: int) -> int:
    return min(most, max(_FREE_OCTETS, len(packed) * ratio))


def _only_entry(packed: bytes, most: int) -> bytes:
    header = packed[4 : 4 + _LOCAL.size]
    if len(header) < _LOCAL.size:
        raise UnpackError("the zip ends within its header")
    _, flags, method, size, _, name, extra = _LOCAL.unpack(header)
    start = 4 + _LOCAL.size + name + extra
    if flags & _ENCRYPTED:
        raise UnpackError("the zip is encrypted")
    if method == _DEFLATED:
        content, behind = _inflate(packed[start:], -zlib.MAX_WBITS, most)
    elif method == _STORED and not flags & _SIZE_BEHIND:
        content, behind = packed[start : start + size], packed[start + size :]
        if len(content) < size or len(content) > most:
            raise UnpackError(f"its entry is cut off or larger than {most:,} octets")
    else:
        raise UnpackError("the zip is packed in a way that is not read here")
    # Behind the entry and what may describe its size (at most 24 octets) the directory begins.
    if _ZIP in behind[: 24 + len(_ZIP)]:
        raise UnpackError("the zip has more than one entry")
    return content


def _inflate(packed: bytes, bits: int, most: int) -> tuple[bytes, bytes]:
    """(what one stream holds, what stands behind it)."""
    stream = zlib.decompressobj(bits)
    try:
        content = stream.decompress(packed, most + 1)
    except zlib.error as error:
        raise UnpackError("it is damaged") from error
    if len(content) > most:
        raise UnpackError(f"unpacked it is larger than {most:,} octets")
    if not stream.eof:
        raise UnpackError("it is cut off")
    return content, stream.unused_data
