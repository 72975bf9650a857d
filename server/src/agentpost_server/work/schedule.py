"""Retry schedules as data: a tuple of seconds, one a retry, spread by ±20 % so that failures do not return together."""

import random


def next_wait(schedule: tuple[float, ...], attempt: int, *, spread: float = 0.2) -> float | None:
    """Seconds until the try after attempt number `attempt` (1 = the first), or None when the schedule is over."""
    if not 1 <= attempt <= len(schedule):
        return None
    return schedule[attempt - 1] * random.uniform(1 - spread, 1 + spread)  # noqa: S311 not a secret


def parse_schedule(text: str) -> tuple[float, ...]:
    """`"30,120,600"` -> seconds. ValueError names the wrong part."""
    try:
        waits = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"a retry schedule is seconds separated by commas, not {text!r}") from error
    if any(not 0 <= wait <= 30 * 86400 for wait in waits):
        raise ValueError("a wait of a retry schedule must be between 0 seconds and 30 days")
    return waits
