"""Reading the `rules` of a policy: exactly what its kind knows, with addresses and domains in the one spelling by which
they are compared."""

import re
from collections.abc import Callable

import msgspec

from agentpost_server.core.errors import invalid_field
from agentpost_server.mail.address import AddressError, canonical, parse_domain, parse_email
from agentpost_server.policies.model import (
    RULES_OF,
    AnyRules,
    ApprovalRules,
    FlowRules,
    GovernanceRules,
    Kind,
    RuleValue,
    ScreeningRules,
)
from agentpost_server.policies.plain import letters

_PATH = re.compile(r" - at `\$?\.?(?P<path>[^`]*)`\Z")
_FEWEST_LETTERS = 8


def read_rules(kind: Kind, given: dict[str, RuleValue]) -> AnyRules:
    """Raises Invalid with the field's path."""
    try:
        rules = msgspec.convert(given, RULES_OF[kind])
    except msgspec.ValidationError as error:
        raise _invalid(str(error), kind) from error
    return _normal(rules)


def _normal(rules: AnyRules) -> AnyRules:
    match rules:
        case ApprovalRules():
            _refuse_useless(rules)
            return msgspec.structs.replace(
                rules,
                when=list(dict.fromkeys(rules.when)),
                internal_domains=_each("internal_domains", rules.internal_domains, parse_domain),
                approvers=_each("approvers", rules.approvers, lambda email: canonical(parse_email(email.strip()))),
            )
        case FlowRules():
            for n, canary in enumerate(rules.canaries):
                if len(letters(canary)) < _FEWEST_LETTERS:
                    raise invalid_field(
                        f"rules.canaries[{n}]", f"needs at least {_FEWEST_LETTERS} letters and digits that stand out"
                    )
            return rules
        case ScreeningRules():
            if rules.label_at is not None and rules.hold_at is not None and rules.hold_at < rules.label_at:
                raise invalid_field("rules.hold_at", "is below label_at")
            return rules
        case GovernanceRules():
            if rules.require_totp:
                raise invalid_field("rules.require_totp", "cannot be asked of anybody: this server has no log-in yet")
            return msgspec.structs.replace(
                rules, sending_domains=_each("sending_domains", rules.sending_domains, parse_domain)
            )
        case _:
            return rules


def _refuse_useless(rules: ApprovalRules) -> None:
    if not rules.when and rules.recipients_over is None:
        raise invalid_field(
            "rules.when",
            "names nothing, and so the policy would hold nothing",
            fix="Name what is to wait, or set recipients_over.",
            code="required",
        )


def _each(field: str, given: list[str], read: Callable[[str], str]) -> list[str]:
    found: list[str] = []
    for n, one in enumerate(given):
        try:
            found.append(read(one))
        except AddressError as error:
            raise invalid_field(f"rules.{field}[{n}]", str(error)) from error
    return list(dict.fromkeys(found))


def _invalid(message: str, kind: Kind) -> Exception:
    found = _PATH.search(message)
    text = message[: found.start()] if found else message
    path = f".{found['path']}" if found and found["path"] else ""
    if text.startswith("Object contains unknown field `"):
        path, text = f"{path}.{text.split('`')[1]}", f"the kind {kind} has no such rule"
    return invalid_field(f"rules{path}".replace("[...]", "[]"), text)
