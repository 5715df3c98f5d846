"""Why a broker may refuse us: our own TLS certificate, looked at when a connection did not come about."""

from __future__ import annotations

from edge_agent.errors import UsageError
from edge_agent.evidence.certificates import KeyCertificate, read_certificates
from edge_agent.evidence.uplink.settings import BrokerSettings

RENEW = "renew it: `edge-agent identity csr`, then `edge-agent identity install`; evidence is kept until then"


def certificate_trouble(broker: BrokerSettings, utc_us: int) -> str:
    """What is wrong with the certificate that we show, in words; empty when nothing is, or we show none.

    We never refuse to try: the broker's clock decides, and ours may be the wrong one.
    """
    if broker.tls_client_cert is None:
        return ""
    try:
        own = KeyCertificate(read_certificates(broker.tls_client_cert)[:1])
    except UsageError as error:
        return str(error)
    problem = own.problem_at(utc_us)
    if problem == "expired":
        return f"our TLS certificate expired on {own.leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC; {RENEW}"
    if problem:
        begins = f"{own.leaf.not_valid_before_utc:%Y-%m-%d %H:%M}"
        return f"our TLS certificate is not valid before {begins} UTC: is this box's clock right?"
    return ""
