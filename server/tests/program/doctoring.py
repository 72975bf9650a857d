"""The doctor in the test's own process, with settings that the test gives and none of its environment."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from agentpost_server.cli.doctor.command import examine_all
from agentpost_server.cli.doctor.installation import Installation, find
from agentpost_server.cli.doctor.model import Finding
from harness import KEYRING

SECRET = KEYRING._roots[0].hex()  # pyright: ignore[reportPrivateUsage]


def installation(data: Path, **settings: object) -> Installation:
    texts = {name: "true" if value is True else str(value) for name, value in settings.items()}
    given = {f"AGENTPOST_{name.upper()}": text for name, text in texts.items()}
    return find(Namespace(data=str(data), host=None, http_port=None, smtp_port=None), given)


async def examined(data: Path, *, probe: str | None = None, **settings: object) -> dict[str, Finding]:
    return by_name(await examine_all(installation(data, **settings), probe))


def by_name(findings: Sequence[Finding]) -> dict[str, Finding]:
    assert len({one.name for one in findings}) == len(findings), "two findings have one name"
    assert all(one.fix for one in findings if one.status in ("warning", "failed")), "what is wrong says what to do"
    return {one.name: one for one in findings}


def only(findings: Sequence[Finding]) -> Finding:
    [found] = findings
    return found


def told(finding: Finding, status: str, *words: str) -> None:
    """The finding has this status, and its sentence or its advice these words."""
    text = f"{finding.found} {finding.fix}"
    assert finding.status == status, finding
    assert [word for word in words if word not in text] == [], finding
