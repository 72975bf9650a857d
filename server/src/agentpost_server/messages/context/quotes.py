"""What a quote repeats of the messages before it, told by its words, so that other line breaks and marks do not matter.

Only what stands word for word in an earlier message of the thread is left out. A quote that says otherwise stays.
"""

import re
from collections.abc import Sequence
from typing import Final

from agentpost_server.mail.extract import patterns

_WORD: Final = re.compile(r"[^\W_]+")
_MAX_LINES: Final = 400
_MAX_EARLIER: Final = 150_000
_MARKS: Final = "> \t*"


def words_of(text: str) -> str:
    """The words alone, a blank around each."""
    return f" {' '.join(_WORD.findall(text[:_MAX_EARLIER]))} "


def without_known(quoted: str, earlier: Sequence[str]) -> str:
    """`quoted` without its lines that stand in one of `earlier` (as `words_of`); "" when nothing else is in it."""
    lines = quoted.split("\n")
    if len(lines) > _MAX_LINES:
        return quoted
    known = [_is_known(line, earlier) for line in lines]
    if not any(known):
        return quoted
    told = [bool(_WORD.search(line)) for line in lines]
    if all(
        one or not says or _introduces(lines, index) for index, (one, says) in enumerate(zip(known, told, strict=True))
    ):
        return ""
    kept = [line for line, one, says in zip(lines, known, told, strict=True) if says and not one]
    return "\n".join(kept) + "\n"


def _is_known(line: str, earlier: Sequence[str]) -> bool:
    words = words_of(line)
    return bool(words.strip()) and any(words in one for one in earlier)


def _introduces(lines: Sequence[str], index: int) -> bool:
    """A line that says who wrote what follows: a mail program's, and no one's words."""
    line = lines[index].strip(_MARKS)
    if len(line) > patterns.MAX_LINE:
        return False
    bare = [one.strip(_MARKS) for one in lines[max(0, index - 2) : index + 2]]
    near = range(len(bare))
    return bool(
        patterns.separator(line)
        or patterns.label_of(line)[0]
        or any(patterns.attribution(bare, at, 0)[1] for at in near)
    )
