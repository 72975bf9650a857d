"""A message as pieces of text: subject, own words, quotes less what is known, files; hidden words where asked for."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from agentpost_server.mail.hidden import find_hidden
from agentpost_server.mail.markdown import Markdown, markdown_of
from agentpost_server.mail.markdown.inline import clean, defuse
from agentpost_server.mail.reply.subject import base_subject
from agentpost_server.messages.context.fence import neutral
from agentpost_server.messages.context.model import Mail, Piece, Reason
from agentpost_server.messages.context.quotes import without_known, words_of

PREDECESSORS: Final = 10


class Made(NamedTuple):
    pieces: tuple[Piece, ...]
    omitted: tuple[Reason, ...]


class Maker:
    """Makes the pieces of messages of one thread, newest first. Each body is read once."""

    def __init__(self, mails: Sequence[Mail], *, hidden: bool) -> None:
        self._mails = mails
        self._hidden = hidden
        self._read: dict[int, Markdown] = {}
        self._words: dict[int, str] = {}

    def make(self, index: int) -> Made:
        """Of message `index`, compared with the ten before it, so that each answer cuts it alike."""
        mail = self._mails[index]
        pieces: list[Piece] = []
        omitted: list[Reason] = []
        if self._tells_subject(index):
            pieces.append(Piece("new", f"Subject: {' '.join(defuse(clean(mail.subject)).split())}\n\n"))
        for part in self._markdown(index).parts:
            text = part.text
            if part.quoted and (text := without_known(part.text, self._earlier(index))) != part.text:
                omitted.append("duplicate_quote")
            if text.strip():
                pieces.append(Piece("quoted" if part.quoted else "new", text))
        self._hide(mail, pieces, omitted)
        if not mail.whole_files:
            omitted.append("file")
        pieces += [Piece("attachment", clean(one.text), one.attachment_id, one.number) for one in mail.pages]
        made = (one._replace(text=neutral(one.text.rstrip() + "\n")) for one in _joined(pieces))
        return Made(tuple(made), tuple(dict.fromkeys(omitted)))

    def _hide(self, mail: Mail, pieces: list[Piece], omitted: list[Reason]) -> None:
        found = [" ".join(clean(one.text).split()) for one in find_hidden(mail.html, mail.text) if one.speaks]
        if not found:
            return
        if self._hidden:
            pieces.append(Piece("hidden", "\n".join(filter(None, found)) or "(cannot be read)"))
        else:
            omitted.append("hidden")

    def _tells_subject(self, index: int) -> bool:
        """Where it is another than that of the message before."""
        subject = self._mails[index].subject
        if not subject.strip():
            return False
        if index + 1 >= len(self._mails):
            return True
        return base_subject(subject) != base_subject(self._mails[index + 1].subject)

    def _markdown(self, index: int) -> Markdown:
        if index not in self._read:
            self._read[index] = markdown_of(self._mails[index].html, self._mails[index].text)
        return self._read[index]

    def _earlier(self, index: int) -> list[str]:
        behind = range(index + 1, min(index + 1 + PREDECESSORS, len(self._mails)))
        for one in behind:
            if one not in self._words:
                self._words[one] = words_of(self._markdown(one).text)
        return [self._words[one] for one in behind]


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours of the same origin as one."""
    made: list[Piece] = []
    for one in pieces:
        if made and made[-1]._replace(text="") == one._replace(text=""):
            made[-1] = one._replace(text=made[-1].text + one.text)
        else:
            made.append(one)
    return made
