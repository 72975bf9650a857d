"""What a check finds, and how a check that goes wrong in any way still ends in a finding."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal

import msgspec

from agentpost_server.settings import SettingsError

Verdict = Literal["ok", "warning", "failed", "not_checked"]
SECONDS: Final = 3.0
"""What a check may take unless it says otherwise."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`fix` is what to do; "" where nothing is to be done."""

    name: str
    status: Verdict
    found: str
    fix: str = ""


Check = Callable[[], Awaitable[Sequence[Finding]]]


def ok(name: str, found: str) -> Finding:
    return Finding(name=name, status="ok", found=found)


def warning(name: str, found: str, fix: str) -> Finding:
    return Finding(name=name, status="warning", found=found, fix=fix)


def failed(name: str, found: str, fix: str) -> Finding:
    return Finding(name=name, status="failed", found=found, fix=fix)


def not_checked(name: str, found: str, fix: str = "") -> Finding:
    return Finding(name=name, status="not_checked", found=found, fix=fix)


async def examine(name: str, check: Check, *, seconds: float = SECONDS) -> list[Finding]:
    """The check's findings; one of its own where it raised or took too long."""
    try:
        async with asyncio.timeout(seconds):
            return list(await check())
    except SettingsError as error:
        return [failed(name, str(error), "Correct the setting: docs/reference/settings.md lists them all.")]
    except TimeoutError:
        found = f"There was no answer within {seconds:g} seconds."
        return [failed(name, found, "See whether it runs, and whether a firewall stands between it and here.")]
    except OSError as error:
        return [failed(name, _sentence(error), "See whether it runs, is reachable from here, and lets us in.")]
    except Exception as error:  # noqa: BLE001 a doctor that dies tells nothing
        return [failed(name, f"The check broke off: {type(error).__name__}: {_sentence(error)}", "Report this.")]


def _sentence(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:400] if text.endswith(".") else f"{text[:400]}."
