"""A mail from outside, by SMTP, as plainly as it can be said."""

import asyncio
import itertools
from typing import Final

_numbers: Final = itertools.count()


async def mailed(
    port: int, to: str, mail_from: str = "ann@b.example", author: str = "ann@b.example", rest: str = "\r\nhello"
) -> str:
    """The last reply. `rest` is what follows the headers: more of them, an empty line, the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def says(line: str) -> str:
        if line:
            writer.write(f"{line}\r\n".encode())
        while True:
            got = (await asyncio.wait_for(reader.readline(), 30)).decode()
            if got[3:4] != "-":
                return got.strip()

    await says("")
    for line in ("EHLO b.example", f"MAIL FROM:<{mail_from}>", f"RCPT TO:<{to}>", "DATA"):
        reply = await says(line)
        if reply[0] not in "23":
            writer.close()
            return reply
    head = f"From: {author}\r\nTo: {to}\r\nSubject: hi\r\nMessage-ID: <{next(_numbers)}.{id(writer)}@b.example>\r\n"
    reply = await says(f"{head}{rest}\r\n.")
    writer.close()
    return reply
