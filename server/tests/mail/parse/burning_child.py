"""A jail child whose parser misbehaves on command: started by test_jail as a program of its own."""

import os
import time

from agentpost_server.mail.jail_child import main
from agentpost_server.mail.parse import parse
from agentpost_server.mail.parsed import ParsedMail


def burning_parse(raw: bytes, null_sender: bool) -> ParsedMail:
    if b"X-Burn: cpu" in raw:
        while True:
            pass
    if b"X-Burn: memory" in raw:
        b"x" * (300 << 20)
    if b"X-Burn: sleep" in raw:
        time.sleep(60)
    if b"X-Burn: exit" in raw:
        os._exit(3)
    return parse(raw, null_sender)


if __name__ == "__main__":
    main(burning_parse)
