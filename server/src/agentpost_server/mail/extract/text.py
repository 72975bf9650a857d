"""New words of a plain-text body: the lines that stay, joined again, without blank lines where something was cut."""

from agentpost_server.mail.extract.history import decide

MAX_LINES = 30_000
MAX_CHARACTERS = 8_000_000


def extract_text(text: str) -> str:
    """The new part of `text`, lines ended by LF; the whole of it when it has more lines than a person writes."""
    body = text.replace("\r\n", "\n") if "\r\n" in text else text
    if "\0" in body:
        body = body.replace("\0", "\ufffd")
    if len(body) > MAX_CHARACTERS or body.count("\n") > MAX_LINES:
        return trim(body)
    lines = body.split("\n")
    verdict = decide(lines)
    return trim(join_kept(lines, verdict.keep)) if verdict.changed else trim(body)


def join_kept(lines: list[str], keep: list[bool]) -> str:
    """The kept lines; where something between two of them was dropped, one blank line stands."""
    runs: list[str] = []
    run: list[str] = []
    for line, kept in zip(lines, keep, strict=True):
        if kept:
            run.append(line)
        elif run:
            runs.append(trim("\n".join(run)))
            run = []
    runs.append(trim("\n".join(run)))
    return "\n\n".join(part for part in runs if part)


def trim(body: str) -> str:
    """Without blank lines around and white space at the end; an indented first line stays indented."""
    end = body.rstrip()
    start = len(end) - len(end.lstrip())
    return end[end.rfind("\n", 0, start) + 1 :]
