"""Which leaves of the tree are the body, and which are files.

The body is a row of blocks, each in text, in HTML or in both (multipart/alternative). The HTML body joins all blocks;
the text body exists only if every block has text, so that neither ever drops what the reader was shown.
"""

import hashlib
import html
import re
from typing import Final, Literal

from agentpost_server.mail import parse_limits as limits
from agentpost_server.mail.charsets import codec_for, decode, guess, storable
from agentpost_server.mail.filenames import default_filename, safe_filename
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.flowed import unfold
from agentpost_server.mail.mime_decode import decode_content
from agentpost_server.mail.mime_params import parameter_text
from agentpost_server.mail.mime_tree import Part
from agentpost_server.mail.parsed import AttachmentFlag, ParsedAttachment
from agentpost_server.mail.sniff import judge

_META_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE
)
_CONTENT_ID: Final = re.compile(r"\s*<?([^<>\s]{1,255})>?\s*")
_MAILS: Final = frozenset({"message/rfc822", "message/global", "message/news"})

Block = tuple[str | None, str | None]


class Contents:
    """Collects blocks and files while the tree is walked in order."""

    def __init__(self, raw: bytes, findings: Findings) -> None:
        self.raw = raw
        self.findings = findings
        self.blocks: list[Block] = []
        self.files: list[ParsedAttachment] = []
        self.oversize = False
        self._content_ids: set[str] = set()

    def visit(self, part: Part) -> None:
        """Sort `part` and all under it."""
        if part.children is None:
            self._visit_leaf(part)
        elif part.media_type == "multipart/alternative":
            self._visit_alternative(part.children)
        elif part.media_type == "multipart/related":
            for number, child in enumerate(part.children):
                if number and child.children is None:
                    self._add_file(child)
                else:
                    self.visit(child)
        elif part.media_type == "multipart/encrypted":
            for child in part.children:
                self._add_file(child, ("encrypted",))
        else:
            for child in part.children:
                self.visit(child)

    def bodies(self) -> tuple[str | None, str | None]:
        """The text body and the HTML body, each at most 1 Mi characters."""
        blocks = [block for block in self.blocks if (block[0] or block[1] or "").strip()] or self.blocks[:1]
        text = html_body = None
        if blocks and all(block[0] is not None for block in blocks):
            text = _join("\n\n" if len(blocks) > 1 else "", [block[0] or "" for block in blocks])
        if any(block[1] is not None for block in blocks):
            html_body = _join("<hr>\n", [_as_html(block) for block in blocks])
        return (
            None if text is None else self._capped(text),
            None if html_body is None else self._capped(html_body),
        )

    def _visit_alternative(self, children: list[Part]) -> None:
        """One block out of several renderings: the first text, the last HTML (RFC 2046 5.1.4); the rest are files."""
        outer, self.blocks = self.blocks, []
        text: str | None = None
        html_body: str | None = None
        for child in children:
            self.visit(child)
            texts = [block[0] for block in self.blocks if block[0] is not None]
            htmls = [block[1] for block in self.blocks if block[1] is not None]
            if htmls:
                html_body = _join("<hr>\n", [_as_html(block) for block in self.blocks])
                text = text if text is not None or len(texts) < len(self.blocks) else "\n\n".join(texts)
            elif texts and text is None:
                text = "\n\n".join(texts)
            self.blocks = []
        self.blocks = outer
        if text is not None or html_body is not None:
            self.blocks.append((text, html_body))

    def _visit_leaf(self, part: Part) -> None:
        named = "filename" in part.disposition_parameters or "name" in part.parameters
        is_file = part.disposition == "attachment" or (named and bool(part.disposition))
        if is_file or part.media_type not in {"text/plain", "text/html"}:
            self._add_file(part)
            return
        text = self._text(part)
        self.blocks.append((None, text) if part.media_type == "text/html" else (text, None))

    def _text(self, part: Part) -> str:
        end = min(part.body_end, part.body_start + limits.ENCODED_BODY_OCTETS)
        data = decode_content(self.raw, part.body_start, end, part.encoding, self.findings)
        if end < part.body_end or len(data) > limits.BODY_OCTETS:
            self._mark_oversize()
            data = data[: limits.BODY_OCTETS]
        text = storable(self._decoded(part, data)).replace("\r\n", "\n").removeprefix("\ufeff")
        if part.media_type == "text/plain" and part.parameters.get("format", "").lower() == "flowed":
            text = unfold(self._capped(text), delete_space=part.parameters.get("delsp", "").lower() == "yes")
        return text

    def _decoded(self, part: Part, data: bytes) -> str:
        label = part.parameters.get("charset", "").split(" ", 1)[0].strip("\"'") or None
        if label is None and part.media_type == "text/html" and (meta := _META_CHARSET.search(data[:1024])):
            label = meta[1].decode("ascii")
            # A page that says UTF-16 in ASCII letters cannot be it.
            if (codec_for(label) or "").startswith(("utf_16", "utf_32")):
                label = None
        if label is None:
            return guess(data)
        text, fits = decode(data, label)
        if not fits:
            self.findings.defect("bad_charset")
        return text

    def _add_file(self, part: Part, more_flags: tuple[AttachmentFlag, ...] = ()) -> None:
        content = decode_content(self.raw, part.body_start, part.body_end, part.encoding, self.findings)
        disposition = _disposition(part)
        name = part.disposition_parameters.get("filename") or part.parameters.get("name") or ""
        filename = safe_filename(parameter_text(name, self.findings)) if name else ""
        if part.media_type in _MAILS:
            mime_type, flags = part.media_type, ()
        else:
            mime_type, flags = judge(content, part.declared_type, filename)
            if (
                part.media_type == "application/octet-stream"
                and "type_mismatch" not in flags
                and not part.declared_type
            ):
                mime_type = part.media_type
        self.files.append(
            ParsedAttachment(
                filename=filename or default_filename(mime_type, len(self.files) + 1),
                mime_type=mime_type,
                declared_mime_type=part.declared_type,
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                disposition=disposition,
                content_id=self._content_id(part),
                flags=tuple(dict.fromkeys((*more_flags, *flags))),
                content=content,
            )
        )

    def _content_id(self, part: Part) -> str | None:
        raw = part.headers.first("content-id")
        match = _CONTENT_ID.fullmatch(storable(raw)) if raw and len(raw) < 1_000 else None
        if match is None:
            return None
        if match[1] in self._content_ids:
            self.findings.defect("duplicate_content_id")
            return None
        self._content_ids.add(match[1])
        return match[1]

    def _capped(self, text: str) -> str:
        if len(text) > limits.BODY_CHARACTERS:
            self._mark_oversize()
            return text[: limits.BODY_CHARACTERS]
        return text

    def _mark_oversize(self) -> None:
        self.oversize = True
        self.findings.limit("body_limit")


def _disposition(part: Part) -> Literal["attachment", "inline"]:
    """Inline when the sender says so, or when nothing is said and a `cid:` link can point at it."""
    if part.disposition == "inline":
        return "inline"
    return "inline" if not part.disposition and part.headers.first("content-id") is not None else "attachment"


def _as_html(block: Block) -> str:
    if block[1] is not None:
        return block[1]
    return f"<pre>{html.escape(block[0] or '', quote=False)}</pre>"


def _join(separator: str, pieces: list[str]) -> str:
    joined = [piece for piece in pieces if piece.strip()] or pieces[:1]
    return separator.join(joined)
