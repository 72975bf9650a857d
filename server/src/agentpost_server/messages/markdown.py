"""`markdown_body`, made when a message is read: what is not stored costs no mail anything, and follows better rules.

Half a millisecond for a letter, some for a newsletter; what is longer goes to a thread, so that others are served.
"""

import asyncio
from typing import Final

from agentpost_server.mail.markdown import markdown_of
from agentpost_server.messages.model import Message

_LONG_BODY: Final = 8 * 1024


async def with_markdown(message: Message) -> Message:
    """The whole message, its Markdown added. Outside of any transaction: this is work for the processor."""
    html, text = message.html_body or None, message.text_body or None
    if html is None and text is None:
        return message
    if len(html or "") + len(text or "") > _LONG_BODY:
        message.markdown_body = (await asyncio.to_thread(markdown_of, html, text)).text
    else:
        message.markdown_body = markdown_of(html, text).text
    return message
