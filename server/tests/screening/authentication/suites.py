"""Test vectors of others, from the source distributions that `.ci/test-suites` put into a folder that git ignores."""

import tarfile
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parents[4] / ".cache" / "suites"
PYSPF = "pyspf-2.0.14"
DKIMPY = "dkimpy-1.1.8"


def suite_file(distribution: str, path: str) -> bytes:
    """A file of a source distribution; skips the test, loudly, where it is not there."""
    archive = _FOLDER / f"{distribution}.tar.gz"
    if not archive.exists():
        pytest.skip(f"!!! {distribution} is not there (make install fetches it): its vectors prove nothing in this run")
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"{distribution}/{path}")
        assert member is not None
        return member.read()
