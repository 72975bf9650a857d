# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from typing import TYPE_CHECKING

from agentpost._core.resource import Resource, part

if TYPE_CHECKING:
    from agentpost.types.attachments import Attachment, AttachmentText, UploadUrl


class Attachments(Resource):
    def get_upload_url(
        self,
        *,
        filename: str,
        mime_type: str,
        size: int,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> UploadUrl:
        """Get a URL to upload a file to.

        PUT exactly the announced bytes there, then send with `{"key": …}`. Unused ones go after `upload_hours`.

        Needs the scope `attachments:write`.
        """
        return self._ask(
            "POST",
            "/attachments/upload-url",
            "UploadUrl",
            body={"filename": filename, "mime_type": mime_type, "size": size},
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    def get(
        self,
        attachment_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Attachment:
        """Get an attachment.

        What it is, and a link to its bytes that needs no key and ends at `download_url_expires_at`.

        Needs the scope `attachments:read`.
        """
        return self._ask(
            "GET",
            f"/attachments/{part(attachment_id)}",
            "Attachment",
            environment=environment,
            timeout=timeout,
        )

    def get_text(
        self,
        attachment_id: str,
        *,
        page: int | None = None,
        max_chars: int | None = None,
        offset: int | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> AttachmentText:
        """Get the text of an attachment.

        Whole pages from `page` on while they fit into `max_chars`; go on at `next_page`. A page that alone is longer
        is cut, and goes on at its `next_offset`. Files are read behind the message: until then `text_status` is
        `pending`.

        Needs the scope `attachments:read`.

        page: The first page wanted.
        max_chars: How many characters the answer may have.
        offset: How many characters of the first page to leave out.
        """
        return self._ask(
            "GET",
            f"/attachments/{part(attachment_id)}/text",
            "AttachmentText",
            query={"page": page, "max_chars": max_chars, "offset": offset},
            environment=environment,
            timeout=timeout,
        )
