"""The Content-Disposition of a download (RFC 6266): file names come from strangers' mail and must stay file names.

Always `attachment`: nothing that arrived by mail is shown as a page of ours.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import quote

_ATTR_CHARS: Final = "!#$&+-.^_`|~"
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9 !#$&\'()+,\-.=@\[\]^_`{}~]")
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
_LONGEST: Final = 150


def content_disposition(filename: str) -> str:
    """`attachment` with an ASCII name and, when that is not all of it, the UTF-8 name (RFC 8187).

    Never holds a line end, a quote or a path, whatever the name holds; at most about 2,000 octets, all ASCII.
    """
    name = _file_name(filename)
    plain = _NOT_PLAIN.sub("_", unicodedata.normalize("NFKD", name))
    header = f'attachment; filename="{plain}"'
    if plain != name:
        header += f"; filename*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"
    return header


def safe_media_type(media_type: str) -> str:
    """`type/subtype` without parameters, or application/octet-stream when it is not one (RFC 6838 4.2)."""
    essence = media_type.partition(";")[0].strip()
    return essence.lower() if _MEDIA_TYPE.fullmatch(essence) else "application/octet-stream"


def _file_name(filename: str) -> str:
    """The last step of a path, without control, formatting or unencodable characters, and short; never empty."""
    last = re.split(r"[/\\]", filename[-4096:])[-1]
    kept = "".join(
        character for character in last if unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    )
    kept = kept.strip(" .")
    if len(kept) > _LONGEST:
        stem, dot, extension = kept.rpartition(".")
        kept = stem[: _LONGEST - 16] + dot + extension if dot and len(extension) < 16 else kept[:_LONGEST]
    return kept or "attachment"
