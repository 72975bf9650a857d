"""Usage counters: counted in memory, added to a day's row about once a second. One verb: count."""

from agentpost_server.usage.count import COUNTERS, Usage

__all__ = ["COUNTERS", "Usage"]
