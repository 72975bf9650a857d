"""The pure parts: when to try again, what a thin body keeps, which secrets sign."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.settings import SettingsError, load
from agentpost_server.webhooks.body import MAX_DATA_OCTETS, thin
from agentpost_server.webhooks.policy import DeliveryPolicy, judge, policy_of
from agentpost_server.webhooks.sealed import Secret, rotate

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = DeliveryPolicy(retry_seconds=(30, 120, 600, 3600, 14400))


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_2xx_is_success(status: int) -> None:
    assert judge(POLICY, 0, status, "5", NOW) == ("succeeded", None, False)


@pytest.mark.parametrize("status", [None, 300, 307, 400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize(("retries", "wait"), [(0, 30), (1, 120), (2, 600), (3, 3600), (4, 14400)])
def test_everything_else_is_tried_again_by_the_schedule(status: int | None, retries: int, wait: float) -> None:
    verdict = judge(POLICY, retries, status, None, NOW)
    assert verdict.status == "pending"
    assert verdict.wait_seconds is not None
    assert 0.8 * wait <= verdict.wait_seconds <= 1.2 * wait


def test_after_the_schedule_it_has_failed() -> None:
    assert judge(POLICY, 5, 500, "3600", NOW) == ("failed", None, False)


def test_410_says_that_nobody_is_there_any_more() -> None:
    assert judge(POLICY, 0, 410, None, NOW) == ("failed", None, True)


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("3600", 3600, 3600),
        ("1", 24, 36),
        ("999999999", 86400, 86400),
        ("Sun, 01 Mar 2026 13:00:00 GMT", 3600, 3600),
        ("Sun, 01 Mar 2020 13:00:00 GMT", 24, 36),
        *[(odd, 24, 36) for odd in ("", "soon", "-5", "1e9", "9" * 400, "١٢٣", "Sun, 99 Mar 2026", "NaN")],
    ],
)
def test_retry_after_lengthens_the_wait_within_a_day(retry_after: str, least: float, most: float) -> None:
    wait = judge(POLICY, 0, 503, retry_after, NOW).wait_seconds
    assert wait is not None
    assert least <= wait <= most


@given(st.text(max_size=40))
def test_any_retry_after_gives_a_bounded_wait(text: str) -> None:
    wait = judge(POLICY, 0, 503, text, NOW).wait_seconds
    assert wait is not None
    assert 24 <= wait <= 86400


@pytest.mark.parametrize("text", ["x", "1,,y", "-1", "99999999"])
def test_a_wrong_schedule_stops_the_start_with_the_name_of_the_setting(text: str) -> None:
    with pytest.raises(SettingsError, match="AGENTPOST_WEBHOOK_RETRY_SECONDS"):
        policy_of(load({}, webhook_retry_seconds=text))


def test_the_default_schedule_is_the_documented_one() -> None:
    assert policy_of(load({})).retry_seconds == (30, 120, 600, 3600, 14400)


_VALUES = st.one_of(st.text(max_size=20), st.lists(st.integers(), max_size=5), st.booleans(), st.none())
_LARGE = st.builds(lambda piece, times: piece * times, st.text(min_size=1, max_size=4), st.integers(1, 40_000))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(max_size=12), st.one_of(_VALUES, _LARGE), max_size=8), st.text(max_size=30))
def test_thin_data_fits_keeps_ids_and_says_so(data: dict[str, Any], message_id: str) -> None:
    data = {**{name: value for name, value in data.items() if not name.endswith("_id")}, "message_id": message_id}
    thinned = thin(msgspec.json.encode(data))
    assert len(thinned) <= MAX_DATA_OCTETS
    kept = json.loads(thinned)
    assert kept.pop("truncated") is True
    assert kept["message_id"] == message_id
    assert kept.items() <= {**data, "truncated": True}.items() if not _has_lists(data) else kept.keys() <= data.keys()


def _has_lists(data: dict[str, Any]) -> bool:
    return any(isinstance(value, list) for value in data.values())


def test_thin_data_loses_the_largest_first() -> None:
    data = {"message_id": "m", "preview": "p" * 300, "extracted_text": "t" * 70_000, "to_addresses": ["a@b"] * 100}
    assert json.loads(thin(msgspec.json.encode(data))) == {
        "message_id": "m",
        "preview": "p" * 300,
        "to_addresses": ["a@b"] * 100,
        "truncated": True,
    }


def test_w55_rotating_keeps_three_and_ends_each_a_day_after_its_successor() -> None:
    secrets = [Secret("first")]
    for hour in range(4):
        secrets = rotate(secrets, NOW + timedelta(hours=hour))
    assert [one.expires_at for one in secrets] == [None, NOW + timedelta(hours=27), NOW + timedelta(hours=26)]
    assert len({one.secret for one in secrets}) == 3
