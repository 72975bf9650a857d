"""What a mail says that a person who reads it does not see, and where it stands.

A model reads what is written, a person what is shown. Whatever lies between the two is found here: the Markdown for
models leaves it out, screening judges it, and the flag `hidden_text` tells of it.
"""

from agentpost_server.mail.hidden.characters import visible_text
from agentpost_server.mail.hidden.find import find_hidden, hidden_characters, is_hiding
from agentpost_server.mail.hidden.model import Hidden, Way

__all__ = ["Hidden", "Way", "find_hidden", "hidden_characters", "is_hiding", "visible_text"]
