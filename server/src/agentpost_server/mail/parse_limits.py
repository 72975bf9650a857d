"""What one mail may cost: every bound of the parser in one place.

A mail past a bound is still read up to it, and marked `limited`; its raw bytes are kept elsewhere in full.
"""

from typing import Final

HEADER_SECTION_OCTETS: Final = 1 << 20
HEADER_LINES: Final = 10_000
HEADER_FIELDS: Final = 2_000
# What is looked into for ids and addresses, and what is handed out.
RAW_VALUE_OCTETS: Final = 256 << 10
VALUE_CHARACTERS: Final = 64 << 10
STRUCTURED_VALUE_CHARACTERS: Final = 8 << 10
PARAMETERS: Final = 100

SUBJECT_CHARACTERS: Final = 998
DISPLAY_NAME_CHARACTERS: Final = 320
ADDRESS_CHARACTERS: Final = 320
ADDRESSES: Final = 1_000
MESSAGE_ID_CHARACTERS: Final = 998
MESSAGE_IDS: Final = 50

BODY_CHARACTERS: Final = 1 << 20
# A character costs at most 4 octets decoded, 12 as quoted-printable, and lines may be all soft breaks.
BODY_OCTETS: Final = 4 << 20
ENCODED_BODY_OCTETS: Final = 16 << 20

DEPTH: Final = 50
PARTS: Final = 1_000
DELIMITER_CANDIDATES: Final = 50_000
BASE64_SEGMENTS: Final = 10_000
FILENAME_OCTETS: Final = 255

REPORT_OCTETS: Final = 256 << 10
REPORT_RECIPIENTS: Final = 1_000
REPORT_FIELD_CHARACTERS: Final = 2_000
RETURNED_HEADERS: Final = 100
