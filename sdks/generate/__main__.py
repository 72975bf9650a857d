"""Writes the generated halves of the SDKs from openapi.json: `python sdks/generate`; `--check` says what is stale."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import python_calls
import python_types
import typescript
from reading import read

_ROOT: Final = Path(__file__).parents[2]
_PYTHON: Final = _ROOT / "sdks/python/src/agentpost"
_TYPESCRIPT: Final = _ROOT / "sdks/typescript/src/generated"
_OWNED: Final = (_PYTHON / "_generated", _PYTHON / "types", _TYPESCRIPT)


def main(arguments: list[str]) -> int:
    api = read(json.loads((_ROOT / "openapi.json").read_text(encoding="utf-8")))
    wanted = {_PYTHON / name: text for name, text in _python(api)}
    wanted[_TYPESCRIPT / "types.ts"] = typescript.types_file(api)
    wanted[_TYPESCRIPT / "calls.ts"] = typescript.calls_file(api)
    standing = {path for folder in _OWNED for ending in ("*.py", "*.ts") for path in folder.rglob(ending)}
    stale = [path for path, text in wanted.items() if path not in standing or path.read_text(encoding="utf-8") != text]
    extra = sorted(standing - wanted.keys())
    if "--check" in arguments:
        for path in [*stale, *extra]:
            sys.stderr.write(f"{path.relative_to(_ROOT)} is not what openapi.json says: run `make fix`\n")
        return 1 if stale or extra else 0
    for path in extra:
        path.unlink()
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    sys.stdout.write(f"sdks: {len(stale)} files written, {len(extra)} removed\n")
    return 0


def _python(api: python_types.Api) -> Iterator[tuple[str, str]]:
    yield "_generated/__init__.py", python_types.HEAD
    yield "_generated/asked.py", _neat(python_types.asked_file(api))
    for name, text in (*python_types.answered_files(api), *python_calls.call_files(api)):
        yield name, _neat(text)


def _neat(text: str) -> str:
    """As ruff wants it: unused imports gone, lines folded."""
    for arguments in (["check", "--fix-only", "--quiet", "--select", "F401,I", "-"], ["format", "-"]):
        ruff = [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(_PYTHON / "any.py")]
        text = subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
