"""format=flowed (RFC 3676) unfolded: soft line ends joined, space-stuffing removed, quote marks kept."""


def unfold(text: str, *, delete_space: bool) -> str:
    """`text` (LF line ends) with its paragraphs whole. `delete_space` is the DelSp parameter.

    A quoted paragraph comes out as `> text`. The signature line `-- ` never joins anything (RFC 3676 4.3).
    """
    out: list[str] = []
    held: list[str] = []
    held_depth = 0
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        content = bare.removeprefix(" ")
        signature = content == "-- "
        if held and (depth != held_depth or signature):
            out.append(_quoted("".join(held).rstrip(" "), held_depth))
            held = []
        if content.endswith(" ") and not signature:
            held.append(content[:-1] if delete_space else content)
            held_depth = depth
            continue
        out.append(_quoted("".join(held) + content, depth))
        held = []
    if held:
        out.append(_quoted("".join(held).rstrip(" "), held_depth))
    return "\n".join(out)


def _quoted(content: str, depth: int) -> str:
    return f"{'>' * depth} {content}" if depth else content
