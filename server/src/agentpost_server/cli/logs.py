"""The server's own log: one line an event on standard error, JSON for machines or plain for a terminal.

A log outlives the access rights of what it tells of, so the last step before rendering takes out what must not be in
it: keys, secrets, authorization, bodies, values that PostgreSQL quotes in its errors. Nothing that a stranger wrote
can begin a line or move the cursor.
"""

import contextlib
import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final, cast

import structlog
from structlog.contextvars import merge_contextvars
from structlog.processors import ExceptionRenderer, TimeStamper, add_log_level
from structlog.stdlib import ExtraAdder, ProcessorFormatter

_EventDict = MutableMapping[str, Any]
_LONGEST: Final = 2_000
_LONGEST_TRACEBACK: Final = 12_000
_REMOVED: Final = "[removed]"
_NEVER: Final = frozenset(
    "authorization cookie set_cookie password secret secret_key token body text_body html_body markdown_body"
    " extracted_text extracted_html content raw headers dsn database_url relay_url".split()
)
_SECRETS: Final = (
    (re.compile(r"ap_sk_(?:live|dev|test)_[0-9A-Za-z]*"), "[api key]"),
    (re.compile(r"whsec_[0-9A-Za-z+/=_-]*"), "[webhook secret]"),
    (re.compile(r"(?i)\bauthorization\W{1,6}[^\r\n]*"), "[credentials]"),
    (re.compile(r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{8,}"), "[credentials]"),
    (re.compile(r"://[^/@\s]+@"), "://[credentials]@"),
)
# PostgreSQL quotes the row that failed; a row may be a mail.
_QUOTED_ROWS: Final = re.compile(r"(?m)^(DETAIL|CONTEXT|HINT|QUERY):.*(?:\n(?!\S*(?:Error|Exception|Traceback)).*)*")
_LONG_SEGMENT: Final = re.compile(r"[^/]{48,}")
_PLAIN: Final = re.compile(r"[\w@./:+%,-]+", re.ASCII)
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def set_up(level: str, style: str) -> None:
    """`level` and `style` are the settings log_level and log_format. Also takes over what libraries log."""
    json_style = style == "json" or (style == "auto" and not sys.stderr.isatty())
    render = render_json if json_style else render_console
    before: list[Any] = [merge_contextvars, add_log_level, TimeStamper(fmt="iso", utc=True, key="at")]
    after: list[Any] = [ExceptionRenderer(), guard, render]
    structlog.configure(
        processors=[*before, _add_name, *after],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=_Output,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, ExtraAdder(allow=[]), *before],
            processors=[ProcessorFormatter.remove_processors_meta, *after],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries speak of connections and URLs when asked for detail; theirs is not asked for.
    root.setLevel(max(_LEVELS[level], logging.WARNING))
    # It writes a traceback for each try while the database is away, which `db` tells in a line.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


class _Output:
    """Writes rendered lines. A log that cannot be written must not stop a request."""

    def __init__(self, name: str = "agentpost") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")

    debug = info = warning = warn = error = critical = exception = fatal = log = msg


def _add_name(logger: Any, _method: str, event: _EventDict) -> _EventDict:
    event["logger"] = logger.name
    return event


def guard(_logger: Any, _method: str, event: _EventDict) -> _EventDict:
    """Take out what must never be in a log."""
    return {name: _guarded(name, value, 0) for name, value in event.items()}


def _guarded(name: str, value: Any, depth: int) -> Any:
    if name.lower().replace("-", "_") in _NEVER:
        return _REMOVED
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth > 4:
        return _REMOVED
    if isinstance(value, Mapping):
        entries = cast("Mapping[Any, Any]", value)
        return {str(key): _guarded(str(key), one, depth + 1) for key, one in entries.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_guarded("", one, depth + 1) for one in cast("Iterable[Any]", value)]
    if isinstance(value, bytes | bytearray):
        return f"[{len(value)} octets]"
    return _guarded_text(name, str(value))


def _guarded_text(name: str, text: str) -> str:
    longest = _LONGEST_TRACEBACK if name == "exception" else _LONGEST
    if len(text) > longest:
        # The end of a traceback says what happened.
        text = "…" + text[-longest:] if name == "exception" else text[:longest] + "…"
    text = _QUOTED_ROWS.sub("[values removed]", text)
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return _LONG_SEGMENT.sub("[token]", text) if name == "path" else text


def render_json(_logger: Any, _method: str, event: _EventDict) -> str:
    """ASCII only: no separator or direction mark of Unicode can do anything to whoever reads it."""
    return json.dumps(event, ensure_ascii=True, default=str)


def render_console(_logger: Any, _method: str, event: _EventDict) -> str:
    at, level, name = (str(event.pop(key, "")) for key in ("at", "level", "logger"))
    message, exception = _escaped(str(event.pop("event", ""))), str(event.pop("exception", ""))
    fields = "".join(f" {_escaped(str(key))}={_shown(value)}" for key, value in event.items())
    line = f"{at[11:23]} {level:<7} {_escaped(name)}: {message}{fields}"
    return line + "".join(f"\n    | {_escaped(one)}" for one in exception.splitlines())


def _shown(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=True)


def _escaped(text: str) -> str:
    return text if text.isascii() and text.isprintable() else json.dumps(text, ensure_ascii=True)[1:-1]
