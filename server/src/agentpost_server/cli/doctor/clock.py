"""This machine's clock against those that the other checks met. Signatures, tokens and certificates depend on it."""

from typing import Final

from agentpost_server.cli.doctor.installation import Installation
from agentpost_server.cli.doctor.model import Finding, failed, not_checked, ok, warning

_FINE_SECONDS: Final = 5.0
_FAR_SECONDS: Final = 60.0


def clock(one: Installation) -> Finding:
    if not one.clocks:
        found = "No other clock was met to compare this machine's with."
        return not_checked("clock", found, "See that it is kept by NTP: timedatectl, or chronyc tracking.")
    source, ahead = max(one.clocks.items(), key=lambda each: abs(each[1]))
    if abs(ahead) < _FINE_SECONDS:
        return ok("clock", f"It agrees with {' and '.join(sorted(one.clocks))}.")
    found = f"It is {abs(ahead):.0f} seconds {'behind' if ahead > 0 else 'ahead of'} {source}."
    fix = "Let NTP keep the clocks of both: timedatectl set-ntp true, or chrony."
    return failed("clock", found, fix) if abs(ahead) >= _FAR_SECONDS else warning("clock", found, fix)
