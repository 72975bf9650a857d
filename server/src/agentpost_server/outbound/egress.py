"""Where a send may fetch its attachments from: the public internet, and what the operator's setting adds."""

import ssl
from functools import cache
from urllib.parse import urlsplit

from agentpost_server.core.networks import parse_networks
from agentpost_server.runtime import Runtime
from agentpost_server.web.fetch import Egress, EgressPolicy


def open_egress(runtime: Runtime) -> Egress:
    """For one fetch: attachments come from all over, so there is no connection worth keeping."""
    return Egress(policy=_policy(runtime.settings.egress_allow, runtime.public_url), tls=_tls())


@cache
def _policy(allow: str, public_url: str) -> EgressPolicy:
    host = urlsplit(public_url).hostname or ""
    named = host and not host.replace(".", "").isdigit() and ":" not in host
    return EgressPolicy(allow=parse_networks(allow), own_hosts=frozenset({host}) if named else frozenset())


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
