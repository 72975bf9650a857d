"""The table: a row a question, its aim, and whether it was reached. Rounds are told by their median."""

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

ROUNDS = 3


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, beside what it is compared with. `reached` is None where there is nothing to reach."""

    question: str
    ours: str
    other: str = ""
    ratio: str = ""
    aim: str = ""
    reached: bool | None = None


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def compared(
    question: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    unit: str,
    other: str,
    aim: float | None = None,
    notes: tuple[str, str] = ("", ""),
    at_most: bool = False,
) -> Row:
    """Medians of rounds and their ratio. `aim` is the ratio wanted, from below or, `at_most`, from above."""
    mine, others = median(ours), median(theirs)
    ratio = mine / others
    sign = "≤" if at_most else "≥"
    return Row(
        question=question,
        ours=f"{mine:,.0f} {unit}{notes[0]}",
        other=f"{other} {others:,.0f}{notes[1]}",
        ratio=f"{ratio:.2f}x",
        aim="" if aim is None else f"{sign} {aim:g}x",
        reached=None if aim is None else (ratio <= aim if at_most else ratio >= aim),
    )


def bounded(question: str, value: float, *, unit: str, most: float | None, note: str = "") -> Row:
    """A value that should not exceed `most`."""
    return Row(
        question=question,
        ours=f"{value:,.4g} {unit}{note}",
        aim="" if most is None else f"≤ {most:g} {unit}",
        reached=None if most is None else value <= most,
    )


def markdown(rows: Sequence[Row]) -> str:
    head = ("", "AgentPost", "beside", "ratio", "aim", "")
    lines = [head, tuple("---" for _ in head)] + [
        (row.question, row.ours, row.other, row.ratio, row.aim, _mark(row.reached)) for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _mark(reached: bool | None) -> str:
    return "" if reached is None else ("reached" if reached else "**missed**")


def conditions(postgres_version: str) -> str:
    return (
        f"{os.cpu_count()} x {_processor()}, {_memory_gib():.0f} GiB; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}; PostgreSQL {postgres_version}, fsync on; "
        f"one fdatasync of 8 KiB here takes {_flush_ms():.2f} ms; load average at the start {os.getloadavg()[0]:.1f}; "
        f"medians of {ROUNDS} rounds"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or sys.platform
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _flush_ms() -> float:
    """The median of 50: what a single commit can never be faster than."""
    times: list[float] = []
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(50 * 8192)
        os.fsync(file.fileno())
        for _ in range(50):
            file.write(os.urandom(8192))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    return median(times)
