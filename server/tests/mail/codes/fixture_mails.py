"""The fixture mails of a file: after `=== name`, a line `? kind value purpose` for each thing to be found, the subject,
and bodies behind `--- text` and `--- html`. A mail without `?` holds nothing to be found."""

from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Mail(NamedTuple):
    name: str
    expected: set[tuple[str, str, str]]
    subject: str
    text: str | None
    html: str | None


def mails(name: str) -> list[Mail]:
    blocks = (HERE / name).read_text(encoding="utf-8").split("\n=== ")[1:]
    return [_mail(block) for block in blocks]


def _mail(block: str) -> Mail:
    head, *bodies = block.split("\n--- ")
    name, *lines = head.split("\n")
    found = [line.split(" ") for line in lines if line.startswith("? ")]
    [subject] = [line.removeprefix("subject: ") for line in lines if line.startswith("subject: ")]
    parts = dict(body.split("\n", 1) for body in bodies)
    assert parts.keys() <= {"text", "html"}, name
    return Mail(
        name,
        {(kind, value, purpose) for _, kind, value, purpose in found},
        subject,
        parts.get("text"),
        parts.get("html"),
    )
