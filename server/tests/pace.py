"""How long work may take here: bounds are written for a quiet machine; the gate runs on slow and busy ones too.

A bound in a test tells bounded work from work without end, a factor of hundreds; how fast the work is, `bench` answers.
"""

import time
from typing import Final

_QUIET_SECONDS: Final = 0.002


def here(seconds: float) -> float:
    """The seconds that a quiet machine of 2026 is given, as many times longer as this one is slower just now."""
    return seconds * max(1.0, min(_measured() for _ in range(3)) / _QUIET_SECONDS)


def _measured() -> float:
    """The longer of CPU and clock for a fixed piece of work: others may hold the machine, or their host it."""
    began, used = time.perf_counter(), time.process_time()
    total = 0
    for n in range(60_000):
        total += n % 7
    return max(time.perf_counter() - began, time.process_time() - used)
