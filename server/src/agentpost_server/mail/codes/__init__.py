"""One-time codes and sign-in links in a mail: pure, deterministic, in bounded time whatever the mail says.

A code is taken for one by the words around it, in the languages of `words.py`; a number without such words is none.
"""

from agentpost_server.mail.codes.find import find_codes
from agentpost_server.mail.codes.model import Code

__all__ = ["Code", "find_codes"]
