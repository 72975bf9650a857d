"""How much a mail is like spam, told by its authentication and structure alone: pure, explainable, bounded.

It works on the bounded ParsedMail and looks at the first 64 Ki characters of each body, so that its cost has a limit.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from agentpost_server.mail.address import canonical, without_tag
from agentpost_server.mail.html.body import HtmlBody
from agentpost_server.mail.model import Address
from agentpost_server.mail.parsed import ParsedMail
from agentpost_server.screening import content, files
from agentpost_server.screening.model import Factor, Facts, Verdict, verdict_of
from agentpost_server.screening.rules import RULES
from agentpost_server.screening.sites import FREEMAIL, domain_of, site

_EARLY: Final = timedelta(days=1)
_LATE: Final = timedelta(days=30)
_BROKEN_WAYS: Final = 3
_LIST_FIELDS: Final = frozenset({"list-id", "list-unsubscribe", "list-post", "mailing-list", "feedback-id"})


def judge(parsed: ParsedMail, facts: Facts, body: HtmlBody | None = None) -> Verdict:
    """The score of a mail from outside, and each rule that was met once. `body`: its HTML, where it is read already."""
    if body is None and parsed.html_body:
        body = HtmlBody(parsed.html_body)
    fields = {name.lower(): value for name, value in parsed.headers}
    names = [
        *_authentication(facts),
        *_origin(parsed, facts, fields),
        *_answers(parsed),
        *content.subject(parsed),
        *content.bodies(parsed, domain_of(parsed.from_address), body),
        *files.attached(parsed.attachments),
    ]
    return verdict_of(tuple([Factor(name, RULES[name].weight) for name in dict.fromkeys(names)]))


def _authentication(facts: Facts) -> Iterator[str]:
    results = facts.authentication
    for name in ("dmarc", "spf", "dkim"):
        # A listed sealer's word stands in for what its forwarding broke.
        if results.get(name) == "fail" and not results.get("arc_sealer"):
            yield f"{name}_fail"
    if results.get("dmarc") == "pass" and results.get("aligned_domain"):
        yield "aligned"


def _origin(parsed: ParsedMail, facts: Facts, fields: dict[str, str]) -> Iterator[str]:
    """Who it says it is from, when, and by which way."""
    if parsed.message_id is None:
        yield "message_id_missing"
    if parsed.date is None:
        yield "date_missing"
    elif parsed.date > facts.received_at + _EARLY:
        yield "date_future"
    elif parsed.date < facts.received_at - _LATE:
        yield "date_past"
    if "undisclosed" in fields.get("to", "undisclosed").lower() and not fields.get("cc", "").strip():
        yield "recipients_missing"
    yield from _author(parsed, facts)
    precedence = fields.get("precedence", "").strip().lower()
    if precedence in ("bulk", "junk") and "auto-submitted" not in fields and not _LIST_FIELDS & fields.keys():
        yield "bulk_without_list"
    if facts.helo and "." not in facts.helo and ":" not in facts.helo:
        yield "helo_unqualified"
    if len(parsed.defects) >= _BROKEN_WAYS:
        yield "format_broken"


def _author(parsed: ParsedMail, facts: Facts) -> Iterator[str]:
    author = parsed.from_address
    if author is None:
        yield "from_missing"
        return
    if "." not in domain_of(author):
        yield "from_without_domain"
    if parsed.from_count > 1 or (len(parsed.from_addresses) > 1 and parsed.sender is None):
        yield "from_several"
    if "mixed_script" in parsed.flags:
        yield "mixed_script"
    # A mailing list writes in its members' names, and sends them what they wrote.
    if parsed.loop_class == "list":
        return
    if _deceives(author):
        yield "from_name_deceives"
    mailbox = canonical(author.email)
    if any(mailbox == canonical(without_tag(one)) for one in facts.recipients):
        yield "from_is_recipient"


def _deceives(author: Address) -> bool:
    """Whether the display name is or holds an address of another site than the address itself."""
    if not author.name or "@" not in author.name:
        return False
    shown = [word.strip("<>()[]\"',;:") for word in author.name.split()]
    sites = {site(word.rpartition("@")[2]) for word in shown if "@" in word[1:] and "." in word.rpartition("@")[2]}
    return bool(sites) and site(domain_of(author)) not in sites


def _answers(parsed: ParsedMail) -> Iterator[str]:
    """Where an answer to it would go."""
    if not parsed.reply_to or parsed.from_address is None:
        return
    target, origin = domain_of(parsed.reply_to[0]), domain_of(parsed.from_address)
    if target != origin and target in FREEMAIL:
        yield "reply_to_other_freemail" if origin in FREEMAIL else "reply_to_freemail"
