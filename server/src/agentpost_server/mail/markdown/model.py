"""Markdown in parts: what the sender of the mail wrote, and what is history below or between it."""

import msgspec


class Part(msgspec.Struct, frozen=True):
    """Whole lines, each ended by a line break (but for the last of the text)."""

    text: str
    quoted: bool


class Markdown(msgspec.Struct, frozen=True):
    """`parts` joined are the whole text; new and quoted ones take turns."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


def of_lines(lines: list[tuple[str, bool]]) -> Markdown:
    """From lines and whether each is quoted. A blank line goes with what is above it; those around go."""
    parts: list[tuple[list[str], bool]] = []
    for text, quoted in lines:
        if not text and (not parts or not parts[-1][0]):
            continue
        if parts and (parts[-1][1] == quoted or not text):
            parts[-1][0].append(text)
        else:
            parts.append(([text], quoted))
    while parts and not parts[-1][0][-1]:
        parts[-1][0].pop()
    made = [Part("\n".join(texts) + "\n", quoted) for texts, quoted in parts if texts]
    if made:
        made[-1] = Part(made[-1].text.removesuffix("\n"), made[-1].quoted)
    return Markdown(tuple(made))
