"""Loops: whether a conversation goes back and forth by itself, and whether an automatic answer may be given at all."""

from agentpost_server.loops.automatic import Asked, check_automatic
from agentpost_server.loops.fuse import LoopStopped, Sending, ask, foresee, lines_of, note_refusal, trip
from agentpost_server.loops.model import Limits, Trip

__all__ = [
    "Asked",
    "Limits",
    "LoopStopped",
    "Sending",
    "Trip",
    "ask",
    "check_automatic",
    "foresee",
    "lines_of",
    "note_refusal",
    "trip",
]
