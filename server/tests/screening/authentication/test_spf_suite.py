"""Our SPF against the test suite of RFC 7208, as pyspf's source distribution carries it: each test of each scenario."""

from typing import Any

import yaml

from agentpost_server.ports.resolver import MailExchanger
from agentpost_server.screening.authentication.lookups import Lookups
from agentpost_server.screening.authentication.spf import check_spf
from screening.authentication.suites import PYSPF, suite_file
from screening.authentication.zones import DOWN, ZoneResolver

# A test of the suite that we answer otherwise, and why.
EXCEPTIONS: dict[str, str] = {}


def _zone(data: dict[str, list[Any]]) -> dict[tuple[str, str], Any]:
    """The suite's zone: SPF stands for TXT where no TXT is given, `NONE` for nothing, `TIMEOUT` for no answer."""
    zone: dict[tuple[str, str], Any] = {}
    for name, records in data.items():
        key = name.lower()
        has_txt = any(isinstance(one, dict) and "TXT" in one for one in records)
        for record in records:
            if record == "TIMEOUT":
                zone[key, "*"] = DOWN
                continue
            [(kind, value)] = record.items()
            if kind == "SPF":
                if has_txt:
                    continue
                kind = "TXT"
            if value == "NONE":
                continue
            if value == "TIMEOUT":
                zone[key, kind] = DOWN
            elif zone.get((key, kind)) != DOWN:
                zone.setdefault((key, kind), []).append(_value(kind, value))
    return zone


def _value(kind: str, value: Any) -> Any:
    if kind == "TXT":
        return "".join([value] if isinstance(value, str) else value).encode()
    if kind == "MX":
        return MailExchanger(value[0], value[1].lower())
    return value


class SuiteResolver(ZoneResolver):
    """With the suite's own rule, that `error.` cannot be learnt, and its aliases followed."""

    async def _ask(self, name: str, kind: str) -> Any:
        for _ in range(8):
            alias = self.zone.get((name.lower().removesuffix("."), "CNAME"))
            if not alias:
                break
            name = alias[0]
        key = name.lower().removesuffix(".")
        known = {owner for owner, _ in self.zone}
        # As a server that lost the answer: what was there before the loss is still answered.
        if (key, "*") in self.zone and (key, kind) in self.zone and self.zone[key, kind] != DOWN:
            return list(self.zone[key, kind])
        if key.startswith("error.") and key not in known:
            self.zone[key, "*"] = DOWN
        return await super()._ask(name, kind)


async def test_every_scenario_of_the_rfc_7208_suite() -> None:
    ran = 0
    wrong: list[str] = []
    for scenario in yaml.safe_load_all(suite_file(PYSPF, "test/rfc7208-tests.yml")):
        zone = _zone(scenario["zonedata"])
        for name, test in scenario["tests"].items():
            ran += 1
            found = await check_spf(
                Lookups(SuiteResolver(zone)), client_ip=test["host"], mail_from=test["mailfrom"], helo=test["helo"]
            )
            expected = [test["result"]] if isinstance(test["result"], str) else test["result"]
            if found not in expected and name not in EXCEPTIONS:
                wrong.append(f"{scenario['description']}: {name} ({test.get('spec')}): {found}, not {expected}")
    assert not wrong, "\n".join(wrong)
    assert ran > 190
