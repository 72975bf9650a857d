"""HTML mail read without a tree: tokens, the lines a reader would see, and plain text made of them.

A tree builder that follows the HTML standard can be made to work for seconds and gigabytes by 40 KB of unclosed
formatting tags. Here every step is one pass over the source, so that cost follows size whatever the sender writes.
"""

from agentpost_server.mail.html.text import html_to_text

__all__ = ["html_to_text"]
