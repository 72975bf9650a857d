"""The text of attached files, page by page. Pure; for strangers' files only behind the jail (`file_text.jail`)."""

from agentpost_server.mail.file_text.kinds import Kind, kind_of
from agentpost_server.mail.file_text.model import Failure, FileText

__all__ = ["Failure", "FileText", "Kind", "kind_of"]
