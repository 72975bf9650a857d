"""`doctor`: looks at everything that this server depends on, says what is wrong and what to do, and changes nothing
(a probe goes into the blob store and out again).

Only what the settings name is contacted, each within a few seconds, side by side. What is not checked is said.
"""

from agentpost_server.cli.doctor.command import run

__all__ = ["run"]
