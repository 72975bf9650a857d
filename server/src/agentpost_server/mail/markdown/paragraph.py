"""The words of one paragraph: emphasis, links and code, closed where the paragraph ends and opened again behind it."""

from agentpost_server.mail.markdown import inline


class Paragraph:
    """`level` is that of a heading, 0 outside of one."""

    def __init__(self) -> None:
        self.level = 0
        self._marks: dict[str, int] = {}
        self._bar = False
        self._pieces: list[str] = []
        self._written: list[str] = []
        self._space = False
        self._code: list[str] | None = None
        self._codes = 0
        self._target: str | None = None
        self._link_at: int | None = None
        self._marks_at = 0

    @property
    def empty(self) -> bool:
        return not self._pieces

    def add(self, text: str) -> None:
        """Words as the source has them: white space is folded, what would be markup is escaped."""
        if self._code is not None:
            self._code.append(text)
            return
        folded = " ".join(text.split())
        if not folded:
            self._space = self._space or bool(text)
            return
        self._space = self._space or text[0].isspace()
        self._put(inline.escape(folded))
        self._space = text[-1].isspace()

    def insert(self, markdown: str) -> None:
        """Something that stands by itself, apart from the words around it."""
        self._space = True
        self._put(markdown)
        self._space = True

    def break_line(self) -> None:
        self._close_marks(0)
        if self._pieces and self._pieces[-1] != "\n":
            self._pieces.append("\n")
        self._space = self._bar = False

    def divide(self) -> None:
        """A bar before the next words, if there are some before it on this line."""
        self._bar = bool(self._pieces)

    def start_link(self, target: str | None) -> None:
        self.end_link()
        self._target = target

    @property
    def links(self) -> bool:
        """Whether what comes is the label of a link that has none yet."""
        return self._target is not None and self._link_at is None

    def end_link(self) -> None:
        if self._link_at is not None and self._target is not None:
            self._close_marks(self._marks_at)
            label = "".join(self._pieces[self._link_at :]).replace("\n", " ")
            self._pieces[self._link_at :] = [inline.link(label.strip(), self._target)]
        self._target = self._link_at = None

    def start_code(self) -> None:
        if self._codes == 0:
            self._code = []
        self._codes += 1

    def end_code(self) -> None:
        self._codes = max(0, self._codes - 1)
        if self._codes == 0 and self._code is not None:
            raw = "".join(self._code)
            self._code = None
            if made := inline.code(" ".join(raw.split())):
                self._space = self._space or raw[0].isspace()
                self._put(made)
                self._space = raw[-1].isspace()

    def mark(self, mark: str) -> None:
        """Emphasis from here on, until it is unmarked as often."""
        self._marks[mark] = self._marks.get(mark, 0) + 1

    def unmark(self, mark: str) -> None:
        left = self._marks.get(mark, 0) - 1
        if left > 0:
            self._marks[mark] = left
        else:
            self._marks.pop(mark, None)

    def take(self) -> list[str]:
        """The lines of the paragraph, which ends here."""
        if self._code:
            raw, self._code = "".join(self._code), []
            if made := inline.code(" ".join(raw.split())):
                self._put(made)
        if self._link_at is not None:
            # A link that goes on behind the paragraph is written once.
            self.end_link()
        self._close_marks(0)
        lines = [line.strip() for line in "".join(self._pieces).split("\n")]
        self._pieces, self._space, self._bar = [], False, False
        return [line for line in lines if line]

    def _put(self, markdown: str) -> None:
        wanted = [*self._marks] if self.level == 0 else []
        kept = 0
        while kept < min(len(wanted), len(self._written)) and wanted[kept] == self._written[kept]:
            kept += 1
        self._close_marks(kept)
        if self._pieces and self._pieces[-1] != "\n":
            self._pieces.append(" | " if self._bar else " " if self._space else "")
        self._space = self._bar = False
        self._pieces += wanted[kept:]
        self._written += wanted[kept:]
        if self._target is not None and self._link_at is None:
            self._link_at, self._marks_at = len(self._pieces), len(self._written)
        self._pieces.append(markdown)

    def _close_marks(self, kept: int) -> None:
        while len(self._written) > kept:
            self._pieces.append(self._written.pop())
