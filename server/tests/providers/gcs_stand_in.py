"""A stand-in for Google Cloud Storage on loopback, not Google's: as much of its XML API as blobs need.

It believes nobody: each request carries a token signed by the service account, or a version 4 signature over what
really arrived. There is no emulator with this API in the package registries.
"""

import base64
import binascii
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

BUCKET = "mail"
ACCOUNT = "blobs@project.iam.gserviceaccount.com"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Gcs:
    """The objects of one bucket: bytes and headers by path. `wrong` is why a request was refused."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.wrong: list[str] = []
        self.url = ""


def write_key_file(path: Path) -> Path:
    pem = _KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {"type": "service_account", "client_email": ACCOUNT, "private_key_id": "1", "project_id": "project"}
    path.write_text(json.dumps({**account, "private_key": pem.decode(), "token_uri": "http://127.0.0.1:1/none"}))
    return path


@contextmanager
def listening() -> Iterator[Gcs]:
    store = Gcs()

    class Handler(_Handler):
        gcs = store

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    gcs: Gcs

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the base class calls it so
        """Not to the tests' output."""

    def do_GET(self) -> None:
        if (path := self._admitted()) is None:
            return
        if path not in self.gcs.objects:
            self._answer(404, _error("NoSuchKey"))
            return
        body, media_type = self.gcs.objects[path]
        asked = self.query.get("response-content-disposition")
        self._answer(
            200,
            body,
            {
                "Content-Type": self.query.get("response-content-type", media_type),
                "Last-Modified": "Sun, 01 Mar 2026 00:00:00 GMT",
                "ETag": _etag(body),
                **({"Content-Disposition": asked} if asked else {}),
            },
        )

    do_HEAD = do_GET  # noqa: N815 the base class looks for this name

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if (path := self._admitted()) is None:
            return
        if upload := self.query.get("uploadId"):
            self.gcs.parts[upload][int(self.query["partNumber"])] = body
        else:
            self.gcs.objects[path] = body, self.headers.get("Content-Type", "application/octet-stream")
        self._answer(200, b"", {"ETag": _etag(body), "x-goog-generation": "1"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if (path := self._admitted()) is None:
            return
        if upload := self.query.get("uploadId"):
            parts = self.gcs.parts.pop(upload)
            self.gcs.objects[path] = b"".join(parts[number] for number in sorted(parts)), "application/octet-stream"
            answer = f"<CompleteMultipartUploadResult><ETag>{upload}</ETag></CompleteMultipartUploadResult>"
        else:
            upload = uuid.uuid4().hex
            self.gcs.parts[upload] = {}
            answer = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
        self._answer(200, answer.encode(), {"x-goog-generation": "1"})

    def do_DELETE(self) -> None:
        if (path := self._admitted()) is None:
            return
        if upload := self.query.get("uploadId"):
            self.gcs.parts.pop(upload, None)
            self._answer(204)
        elif self.gcs.objects.pop(path, None) is None:
            self._answer(404, _error("NoSuchKey"))
        else:
            self._answer(204)

    def _admitted(self) -> str | None:
        parts = urlsplit(self.path)
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        wrong = self._wrong_signature(parts.path) if "X-Goog-Signature" in self.query else self._wrong_token()
        if wrong:
            self.gcs.wrong.append(wrong)
            self._answer(403, _error("AccessDenied"))
            return None
        if not parts.path.startswith(f"/{BUCKET}/"):
            self._answer(404, _error("NoSuchBucket"))
            return None
        return unquote(parts.path)

    def _wrong_token(self) -> str | None:
        """A JWT that the account signed for itself (RS256)."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        signed, _, signature = token.rpartition(".")
        try:
            _verify(_unpadded(signature), signed)
            claims = json.loads(_unpadded(signed.partition(".")[2]))
        except (InvalidSignature, binascii.Error):
            return f"a token of kind {kind!r} that the account did not sign"
        return None if claims["iss"] == claims["sub"] == ACCOUNT and claims["exp"] > time.time() else "another account"

    def _wrong_signature(self, path: str) -> str | None:
        """Google's description of the canonical request, over what arrived."""
        at = datetime.strptime(self.query["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if datetime.now(UTC) > at + timedelta(seconds=int(self.query["X-Goog-Expires"])):
            return "over"
        account, _, scope = self.query["X-Goog-Credential"].partition("/")
        if (account, scope) != (ACCOUNT, f"{at:%Y%m%d}/auto/storage/goog4_request"):
            return "another account or scope"
        names = self.query["X-Goog-SignedHeaders"]
        query = sorted((name, value) for name, value in self.query.items() if name != "X-Goog-Signature")
        request = [
            self.command,
            path,
            "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query),
            *(f"{name}:{self.headers.get(name, '')}" for name in names.split(";")),
            "",
            names,
            "UNSIGNED-PAYLOAD",
        ]
        digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
        text = f"GOOG4-RSA-SHA256\n{self.query['X-Goog-Date']}\n{scope}\n{digest}"
        try:
            _verify(bytes.fromhex(self.query["X-Goog-Signature"]), text)
        except InvalidSignature:
            return f"the signature is not of {request}"
        return None

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _verify(signature: bytes, text: str) -> None:
    _KEY.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}-{time.time_ns()}"'
