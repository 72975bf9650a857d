"""What mail from outside is, as far as its making tells: spam or not, by rules and by what the operator adds."""

from agentpost_server.screening.model import Factor, Facts, Verdict, verdict_of
from agentpost_server.screening.rspamd import Question
from agentpost_server.screening.screen import Screen
from agentpost_server.screening.spam import judge

__all__ = ["Factor", "Facts", "Question", "Screen", "Verdict", "judge", "verdict_of"]
