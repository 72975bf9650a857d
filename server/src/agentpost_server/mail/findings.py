"""What the parser noticed on its way: short codes, each once, in the order met.

A defect says that the mail breaks the format and was read anyway; a limit says that reading stopped at a bound.
"""

from typing import Literal

Defect = Literal[
    "bad_address",
    "bad_base64",
    "bad_boundary",
    "bad_charset",
    "bad_date",
    "bad_header_line",
    "bad_header_name",
    "bad_message_id",
    "bad_parameter",
    "bad_report",
    "bad_transfer_encoding",
    "bad_type",
    "bare_cr",
    "bare_lf",
    "duplicate_content_id",
    "duplicate_header",
    "eight_bit_header",
    "empty",
    "from_group",
    "from_missing",
    "mbox_from",
    "no_blank_line",
    "no_close_boundary",
    "no_headers",
    "nul",
]
Limit = Literal[
    "address_limit",
    "base64_limit",
    "body_limit",
    "delimiter_limit",
    "depth_limit",
    "header_limit",
    "id_limit",
    "parameter_limit",
    "part_limit",
    "report_limit",
    "value_limit",
]


class Findings:
    """Collects codes while one mail is read."""

    __slots__ = ("_codes", "limited")

    def __init__(self) -> None:
        self._codes: dict[str, None] = {}
        self.limited: bool = False

    def defect(self, code: Defect) -> None:
        self._codes[code] = None

    def limit(self, code: Limit) -> None:
        self._codes[code] = None
        self.limited = True

    def absorb(self, other: "Findings") -> None:
        """Take over what another collector noticed."""
        self._codes |= other._codes
        self.limited = self.limited or other.limited

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self._codes)

    @property
    def status(self) -> Literal["ok", "defective", "limited"]:
        if self.limited:
            return "limited"
        return "defective" if self._codes else "ok"
