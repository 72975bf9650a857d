"""The API described: an OpenAPI 3.1 document made from the routes themselves, and a page that shows it offline."""

from agentpost_server.web.reference.document import describe
from agentpost_server.web.reference.page import render_page

__all__ = ["describe", "render_page"]
