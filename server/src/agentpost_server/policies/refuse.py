"""A decision as the error that a caller meets. Raised before anything is stored."""

from agentpost_server.core.errors import Forbidden, Problem, RateLimited
from agentpost_server.policies.caps import Over
from agentpost_server.policies.facts import Decision, Refusal


def refuse(decision: Decision) -> None:
    """Raises Forbidden or RateLimited for what is rejected; a hold is the caller's to make."""
    if decision.refusal is not None:
        raise problem_of(decision.refusal)


def problem_of(refusal: Refusal) -> Problem:
    if refusal.code == "send_cap_reached":
        return RateLimited(refusal.detail, code=refusal.code, fix=refusal.fix, retry_after=refusal.retry_after)
    return Forbidden(refusal.detail, code=refusal.code, fix=refusal.fix)


class CapReached(RateLimited):
    """Somebody else took the last place of a cap since it was looked at."""

    default_code = "send_cap_reached"

    def __init__(self, over: Over) -> None:
        refusal = over.refusal
        super().__init__(refusal.detail, fix=refusal.fix, retry_after=refusal.retry_after)
        self.over = over
