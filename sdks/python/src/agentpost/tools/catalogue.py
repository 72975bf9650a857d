"""All tools by name, and which of them a model gets."""

from collections.abc import Iterable
from typing import Final

from agentpost.tools import operating, organizing, reading, sending
from agentpost.tools.tool import Tool

DEFAULT: Final = tuple(
    "list_inboxes create_inbox list_threads get_thread get_message get_attachment send_email reply forward "
    "wait_for_email update_thread save_draft".split()
)
_ALL = [*reading.TOOLS, *sending.TOOLS, *organizing.TOOLS, *operating.TOOLS]
_ORDER = {name: place for place, name in enumerate(DEFAULT)}
CATALOGUE: Final[dict[str, Tool]] = {
    one.name: one for one in sorted(_ALL, key=lambda one: (_ORDER.get(one.name, len(_ORDER)), one.name))
}


def chosen(*, profile: str = "default", names: Iterable[str] | None = None, read_only: bool = False) -> list[Tool]:
    """The tools of a profile (`default` or `full`), or those named. Raises ValueError for a name that is none."""
    if profile not in {"default", "full"}:
        raise ValueError(f"there is no profile {profile}: default or full")
    wanted = list(names) if names is not None else list(DEFAULT if profile == "default" else CATALOGUE)
    if unknown := [name for name in wanted if name not in CATALOGUE]:
        raise ValueError(f"there is no tool {', '.join(unknown)}; there are {', '.join(CATALOGUE)}")
    return [one for name, one in CATALOGUE.items() if name in wanted and (one.reads or not read_only)]
