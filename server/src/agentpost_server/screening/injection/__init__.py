"""Whether a mail speaks to a model: a score with reasons. It tells and holds; what keeps harm away is flow policy."""

from agentpost_server.screening.injection.judge import Asked, Judge, configured
from agentpost_server.screening.injection.look import look
from agentpost_server.screening.injection.model import Factor, Judgement
from agentpost_server.screening.injection.thresholds import OFF, Thresholds, Verdict, thresholds_of, verdict_of

__all__ = [
    "OFF",
    "Asked",
    "Factor",
    "Judge",
    "Judgement",
    "Thresholds",
    "Verdict",
    "configured",
    "look",
    "thresholds_of",
    "verdict_of",
]
