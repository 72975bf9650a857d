"""The certificates that SNS signs with. Fetched only from SNS itself, at the one form of URL that it has, and kept.

That the bytes are Amazon's is vouched for by TLS to that host under the public trust store: the file is a certificate
without its issuers, so there is no chain in it to follow. Where it does bring issuers, they must have signed it.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from agentpost_server.core.errors import Forbidden, Unavailable
from agentpost_server.runtime import Runtime
from agentpost_server.web.fetch import Egress, FetchFailure, FetchLimits, FetchRequest, fetch, policy_for

# Judged as text before anything parses it: two readings of one URL are how a pinned host is left behind.
_URL: Final = re.compile(
    r"https://(sns\.[a-z]{2}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?)"
    r"/SimpleNotificationService-[0-9a-f]{32,64}\.pem"
)
_LIMITS: Final = FetchLimits(connect_seconds=4.0, total_seconds=5.0, answer_bytes=64 * 1024)
_KEPT: Final = 32
_KEPT_TIME: Final = timedelta(hours=24)
_REFUSED_TIME: Final = timedelta(seconds=30)
_SIGNER: Final = "sns.amazonaws.com"
_SMALLEST_KEY_BITS: Final = 2048
_CHAIN: Final = 5
log = structlog.get_logger("intake")

Fetch = Callable[[str], Awaitable[bytes]]


class Certificates:
    """Public keys by URL. `fetch(url)` answers the file, and raises Forbidden or Unavailable."""

    def __init__(self, runtime: Runtime, fetch: Fetch | None = None) -> None:
        self.fetch: Fetch = fetch or CertificateFetch(Egress(policy=policy_for(runtime)))
        self._now = runtime.now
        self._known: OrderedDict[str, tuple[datetime, RSAPublicKey | None]] = OrderedDict()
        # One at a time: a burst of notifications after a rotation costs one fetch, and so does a burst of forgeries.
        self._fetching = asyncio.Lock()

    async def key(self, url: str) -> RSAPublicKey:
        """The key of the certificate at `url`. Raises Forbidden for what is not SNS's, Unavailable."""
        host = pinned_host(url)
        if host is None:
            raise _refused("SigningCertURL is not one of SNS.")
        async with self._fetching:
            known = self._known.get(url)
            if known is None or known[0] <= self._now():
                known = await self._learn(url, host)
        if known[1] is None:
            raise _refused("The signing certificate cannot be believed.")
        return known[1]

    def forget(self) -> None:
        self._known.clear()

    async def _learn(self, url: str, host: str) -> tuple[datetime, RSAPublicKey | None]:
        moment = self._now()
        try:
            certificate, key = read_certificate(await self.fetch(url), host, moment)
            learnt = (min(moment + _KEPT_TIME, certificate.not_valid_after_utc), key)
        except (ValueError, Forbidden) as error:
            log.warning("sns_certificate_refused", url=url, error=str(error))
            learnt = (moment + _REFUSED_TIME, None)
        self._known[url] = learnt
        self._known.move_to_end(url)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return learnt


def pinned_host(url: str) -> str | None:
    """The host of a certificate's URL of SNS; None for every other URL."""
    found = _URL.fullmatch(url)
    return found[1] if found else None


class CertificateFetch:
    """The guarded client, bounded to what a certificate needs. Follows no redirect."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def __call__(self, url: str) -> bytes:
        request = FetchRequest(url=url, limits=_LIMITS, truncate=False, accept_redirect=False)
        answer = await fetch(self._egress, request)
        if isinstance(answer, FetchFailure):
            if answer.error in ("dns", "reset"):
                # No answer at all: the next try may have one. All else is an answer that is not to be believed.
                raise Unavailable(f"The signing certificate: {answer.detail}", fix="Try again.", retry_after=10)
            raise _refused(f"The signing certificate: {answer.detail}")
        if answer.status != 200:
            raise _refused(f"The signing certificate: SNS answered {answer.status}.")
        return answer.body


def read_certificate(pem: bytes, host: str, moment: datetime) -> tuple[x509.Certificate, RSAPublicKey]:
    """The first certificate of a PEM file and its key. ValueError unless SNS may sign by it now."""
    try:
        chain = x509.load_pem_x509_certificates(pem)[: _CHAIN + 1]
        signing = chain[0]
        names = _names(signing)
        authority = _is_authority(signing)
    except (ValueError, TypeError, x509.DuplicateExtension) as error:
        raise ValueError(f"the file is no certificate: {error}") from error
    key = signing.public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < _SMALLEST_KEY_BITS:
        raise ValueError("its key is not RSA of 2048 bits or more")
    if not signing.not_valid_before_utc <= moment.astimezone(UTC) <= signing.not_valid_after_utc:
        raise ValueError("it is not valid now")
    if names.isdisjoint({_SIGNER, host}):
        raise ValueError("it is not SNS's")
    if authority or signing.issuer == signing.subject:
        raise ValueError("it is its own issuer")
    for issued, issuer in pairwise(chain):
        try:
            issued.verify_directly_issued_by(issuer)
        except (InvalidSignature, TypeError) as error:
            raise ValueError("its issuers did not sign it") from error
        if not _is_authority(issuer):
            raise ValueError("its issuer may not issue")
    return signing, key


def _names(certificate: x509.Certificate) -> set[str]:
    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    names = {str(one.value) for one in common}
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return names
    return names | set(alternative.value.get_values_for_type(x509.DNSName))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _refused(detail: str) -> Forbidden:
    return Forbidden(detail, fix="Send what SNS sent, unchanged.")
